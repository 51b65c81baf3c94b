"""Progress: which exercises are passed, and the learner's own answers, kept on disk so that nothing is lost.

Read in no chapter. The folder `.learntorch` lies beside the notebooks:

    progress.json       what is passed, how many tries, how many hints; a copy of the last good one in progress.bak
    mine/<id>.py        the answers that passed; progress can be rebuilt from them
    drafts/<id>.py      the last answer that did not pass

LEARNTORCH_HOME names another folder; the value ":memory:" keeps everything in this process and writes nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

SCHEMA = 1
MEMORY = ":memory:"


def home() -> Path | None:
    """The folder of the learner's progress; None if it is to be kept in memory alone."""
    named = os.environ.get("LEARNTORCH_HOME")
    if named == MEMORY:
        return None
    if named:
        return Path(named).expanduser()
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / ".learntorch").is_dir() or ((folder / "chapters").is_dir() and (folder / "exercises").is_dir()):
            return folder / ".learntorch"
    return here / ".learntorch"


class Progress:
    """The progress of one learner. Every change is read, made and written under a lock."""

    def __init__(self, folder: Path | None = None, *, memory: bool = False) -> None:
        self.folder = None if memory else (folder or home())
        self.unsaved = ""  # why the last change could not be written, if so
        self._memory: dict = {"schema": SCHEMA, "exercises": {}}
        self._sources: dict[str, str] = {}

    # Reading ─────────────────────────────────────────────────────────────────────────────────────

    def read(self) -> dict:
        """What is known, from the newest file that can be read."""
        if self.folder is None:
            return self._memory
        found = _read(self.folder / "progress.json") or _read(self.folder / "progress.bak") or self._rebuilt()
        if self.unsaved:
            found["exercises"] = {**found["exercises"], **self._memory["exercises"]}
        return found

    def _rebuilt(self) -> dict:
        """Both files are gone or spoilt: the answers that passed are still there."""
        known = {}
        for file in sorted((self.folder / "mine").glob("*.py")):
            with contextlib.suppress(OSError, UnicodeDecodeError):
                known[file.stem] = {**_fresh(), "passed": True, "hash": _hash(file.read_text("utf-8"))}
        return {"schema": SCHEMA, "exercises": known}

    def of(self, id: str) -> dict:
        """What is known of one exercise."""
        return self.read()["exercises"].get(id, {"passed": False, "tries": 0, "hints": 0})

    def passed(self) -> set[str]:
        """The ids of the exercises that are passed."""
        return {id for id, entry in self.read()["exercises"].items() if entry.get("passed")}

    def source(self, id: str) -> str | None:
        """The answer that passed."""
        if id in self._sources:
            return self._sources[id]
        if self.folder is None:
            return None
        try:
            return (self.folder / "mine" / f"{id}.py").read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    # Writing ─────────────────────────────────────────────────────────────────────────────────────

    def record(self, id: str, *, passed: bool, source: str = "") -> None:
        """Note a try. A pass keeps its source; a later failure does not take the pass away."""

        def change(entry: dict) -> None:
            entry["tries"] += 1
            if passed:
                entry["passed"], entry["hash"] = True, _hash(source)

        if passed and source:
            self._sources[id] = source
            self._keep("mine", id, source)
        elif source:
            self._keep("drafts", id, source)
        self._change(id, change)

    def hinted(self, id: str) -> int:
        """Note that a hint was asked for; returns how many there were before."""
        before = self.of(id)["hints"]
        self._change(id, lambda entry: entry.update(hints=entry["hints"] + 1))
        return before

    def reset(self, id: str) -> None:
        """Forget an exercise; the answer moves to drafts/."""
        source = self.source(id)
        self._sources.pop(id, None)
        if self.folder is not None:
            if source:
                self._keep("drafts", id, source)
            with contextlib.suppress(OSError):
                (self.folder / "mine" / f"{id}.py").unlink(missing_ok=True)
        self._change(id, lambda entry: (entry.clear(), entry.update(_fresh())))

    def _change(self, id: str, change) -> None:
        if self.folder is None:
            change(self._memory["exercises"].setdefault(id, _fresh()))
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with _locked(self.folder / "lock"):
                state = self.read()
                change(state["exercises"].setdefault(id, _fresh()))
                for left in self.folder.glob("*.new"):  # from a process that died while it wrote
                    left.unlink(missing_ok=True)
                for name in ("progress.bak", "progress.json"):  # one of the two is whole at every moment
                    _write(self.folder / name, json.dumps(state, indent=1, sort_keys=True) + "\n")
            self.unsaved = ""
        except OSError as error:
            self.unsaved = f"Your progress could not be saved in {self.folder.name} ({error.strerror or error}); " \
                           "it is kept until the kernel stops."  # fmt: skip
            change(self._memory["exercises"].setdefault(id, dict(self.of(id))))

    def _keep(self, shelf: str, id: str, source: str) -> None:
        if self.folder is None:
            return
        with contextlib.suppress(OSError):
            (self.folder / shelf).mkdir(parents=True, exist_ok=True)
            _write(self.folder / shelf / f"{id}.py", source)


def _fresh() -> dict:
    return {"passed": False, "tries": 0, "hints": 0}


def _hash(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def _read(file: Path) -> dict | None:
    """The content of a progress file; None if there is none or it is spoilt."""
    try:
        found = json.loads(file.read_text("utf-8"))
        entries = found["exercises"]
        good = found["schema"] == SCHEMA and all(
            isinstance(e.get("passed"), bool) and isinstance(e.get("tries"), int) and isinstance(e.get("hints"), int)
            for e in entries.values()
        )
        return found if good else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _write(file: Path, text: str) -> None:
    """Write a file so that it holds either the old text or the new one, whatever happens meanwhile."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=file.name, suffix=".new")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.replace(name, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


@contextlib.contextmanager
def _locked(file: Path):
    """Wait until no other process changes the progress. The system lets go of the lock of a process that dies."""
    with open(file, "a+b") as handle:
        try:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        except ImportError:  # Windows
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK, 1)
            try:
                yield
            finally:
                handle.seek(0)
                msvcrt.locking(handle.fileno(), msvcrt.LK_UNLCK, 1)
            return
        yield
