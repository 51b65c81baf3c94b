"""Open the chapters in JupyterLab in a real browser and run them: `make browser`.

    python tools/browser.py [03 README …] [--screenshots build/screenshots]

Starts JupyterLab as `make lab` does, opens each notebook in headless Chromium, runs all its cells and
fails if a cell ends in an error or the browser's console reports one. It keeps screenshots of each
notebook: one as it opens, and the whole of it, window by window, after the run.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Page, sync_playwright

from notebooks import ROOT

SIZE = {"width": 1360, "height": 900}
# What Chromium or JupyterLab reports on every machine and no learner is concerned by.
HARMLESS = (
    "favicon",
    "Failed to load resource: the server responded with a status of 404",  # a workspace not yet saved
    "ResizeObserver loop",
)

# Ready when the kernel of the open notebook has answered: the indicator on the page says so too early.
READY = """async () => {
    const app = window.jupyterapp;
    if (!app) return false;
    await app.restored;
    const panel = app.shell.currentWidget;
    if (!panel || !panel.context || !panel.content || !panel.content.model) return false;
    await panel.context.ready;
    await panel.sessionContext.ready;
    return panel.sessionContext.session?.kernel?.status === 'idle';
}"""

RUN_ALL = """async () => {
    const app = window.jupyterapp;
    const panel = app.shell.currentWidget;
    await app.commands.execute('notebook:run-all-cells');
    await panel.sessionContext.session.kernel.requestKernelInfo();
}"""

# Every code cell's outcome, read from the notebook's model, not from what happens to be scrolled into view.
OUTCOME = """() => {
    const cells = Array.from(window.jupyterapp.shell.currentWidget.content.model.cells);
    return cells.filter(cell => cell.type === 'code').map(cell => {
        const json = cell.toJSON();
        return {
            count: json.execution_count,
            source: Array.isArray(json.source) ? json.source.join('') : json.source,
            expected: (json.metadata.tags || []).includes('raises-exception'),
            errors: json.outputs.filter(o => o.output_type === 'error').map(o => `${o.ename}: ${o.evalue}`),
        };
    });
}"""

CLEAR_COUNTS = """() => {
    for (const cell of window.jupyterapp.shell.currentWidget.content.model.cells)
        if (cell.type === 'code') cell.clearExecution();
}"""

# Scroll the notebook to a height. Returns how tall it is, and how much of it the window shows.
SCROLL = """top => {
    const content = window.jupyterapp.shell.currentWidget.content.node;
    const outer = content.querySelector('.jp-WindowedPanel-outer') || content;
    outer.scrollTop = top;
    return [outer.scrollHeight, outer.clientHeight];
}"""


def free_port() -> int:
    """A port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def browser_of(named: str | None) -> str:
    """Where Chromium is."""
    programs = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = named or next(filter(None, map(shutil.which, programs)), None)
    if found is None:
        raise SystemExit("Chromium is not installed. On Debian and Ubuntu: apt install chromium")
    return found


def start_lab(root: Path, port: int, token: str, home: Path, learner: str | None = ":memory:") -> subprocess.Popen:
    """JupyterLab on `root`, with the settings that `make lab` uses and a home of its own.

    `learner` is where progress is kept; with None it is kept beside the notebooks, as for a learner.
    """
    env = os.environ | {
        "JUPYTER_CONFIG_PATH": str(ROOT / "jupyter"),
        "JUPYTER_DATA_DIR": os.environ.get("JUPYTER_DATA_DIR", str(_data_dir())),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
    }
    env.pop("LEARNTORCH_HOME", None)
    if learner is not None:
        env["LEARNTORCH_HOME"] = learner
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [env.get("PYTHONPATH")])])
    env.pop("MPLBACKEND", None)
    # Draw every cell, not only those in the window, so that scrolling finds them where they will stay.
    settings = home / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}', encoding="utf-8")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"]
    command += ["--LabApp.expose_app_in_browser=True"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    log = (home / "jupyterlab.log").open("w")
    return subprocess.Popen(command, cwd=root, env=env, stdout=log, stderr=subprocess.STDOUT)


def _data_dir() -> Path:
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir())


def wait_for(lab: subprocess.Popen, url: str, token: str, log: Path, seconds: int = 60) -> None:
    """Return once the server answers."""
    deadline = time.monotonic() + seconds
    request = urllib.request.Request(f"{url}/api/status", headers={"Authorization": f"token {token}"})
    while time.monotonic() < deadline and lab.poll() is None:
        try:
            urllib.request.urlopen(request, timeout=5)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise SystemExit(f"JupyterLab did not start:\n{log.read_text()}")


def wait_until_ready(page: Page, seconds: int = 60) -> None:
    """Return once the notebook on the page has a kernel that answers."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(READY):
        if time.monotonic() > deadline:
            raise SystemExit(f"{page.url.split('?')[0]} was not ready after {seconds} seconds.")
        page.wait_for_timeout(200)


def photograph(page: Page, shots: Path, stem: str) -> None:
    """Pictures of the whole notebook, one window's height after the other: stem-01.png, stem-02.png, …"""
    page.set_viewport_size({"width": SIZE["width"], "height": 2000})
    page.wait_for_timeout(500)
    total, window = page.evaluate(SCROLL, 0)
    for number, top in enumerate(range(0, total, window), 1):
        page.evaluate(SCROLL, top)
        page.wait_for_timeout(300)
        page.screenshot(path=shots / f"{stem}-{number:02}.png")


def run_notebook(page: Page, url: str, token: str, path: str, shots: Path, limit: int) -> list[str]:
    """Open the notebook, run it, take its pictures. Returns what went wrong."""
    wrong: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(words in message.text for words in HARMLESS):
            wrong.append(f"the console reports: {message.text[:300]}")

    page.on("console", listen)
    page.on("pageerror", lambda error: wrong.append(f"the page raised: {str(error)[:300]}"))
    page.set_viewport_size(SIZE)
    page.goto(f"{url}/lab/workspaces/{secrets.token_hex(4)}/tree/{path}?token={token}")
    wait_until_ready(page)
    page.wait_for_timeout(500)
    stem = Path(path).stem
    page.screenshot(path=shots / f"{stem}-opened.png")

    page.evaluate(CLEAR_COUNTS)
    page.set_default_timeout(limit * 1000)
    page.evaluate(RUN_ALL)
    page.wait_for_timeout(500)
    cells = page.evaluate(OUTCOME)
    for cell in cells:
        first = cell["source"].strip().splitlines()[0]
        if cell["count"] is None:
            wrong.append(f"the cell {first!r} did not run")
        if not cell["expected"]:
            wrong += [f"the cell {first!r} ended in {error}" for error in cell["errors"]]
    if not cells:
        wrong.append("it has no code cells")

    photograph(page, shots, stem)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    print(f"{'✗' if wrong else '✓'} {path}: {len(cells)} code cells", flush=True)
    return [f"{path}: {text}" for text in wrong]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help="chapters such as 03 or README; default: all")
    parser.add_argument("--screenshots", type=Path, default=ROOT / "build" / "screenshots")
    parser.add_argument("--chromium", default=None, help="default: what is on the PATH")
    parser.add_argument("--limit", type=int, default=180, help="seconds that one notebook may take")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository (for the tests)")
    options = parser.parse_args(arguments)
    root = options.root.resolve()
    found = [p for p in (root / "README.ipynb", *sorted((root / "chapters").glob("*.ipynb"))) if p.exists()]
    wanted = {Path(name).stem for name in options.names}
    found = [p for p in found if not wanted or p.stem in wanted or p.stem.split("_")[0] in wanted]
    if not found:
        raise SystemExit("There is no such notebook. Build it first: make chapters")
    chromium = browser_of(options.chromium)
    options.screenshots.mkdir(parents=True, exist_ok=True)
    for notebook in found:  # the pictures of an earlier run may be more than today's
        for old in options.screenshots.glob(f"{notebook.stem}-*.png"):
            old.unlink()

    port, token = free_port(), secrets.token_hex(16)
    url = f"http://127.0.0.1:{port}"
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        lab = start_lab(root, port, token, home)
        try:
            wait_for(lab, url, token, home / "jupyterlab.log")
            with sync_playwright() as play:
                flags = ["--no-sandbox", "--disable-dev-shm-usage"]
                browser = play.chromium.launch(executable_path=chromium, args=flags)
                for notebook in found:
                    page = browser.new_page()
                    path = notebook.relative_to(root).as_posix()
                    wrong += run_notebook(page, url, token, path, options.screenshots, options.limit)
                    page.close()
                browser.close()
        finally:
            lab.terminate()
            lab.wait(timeout=20)
    print("\n".join(wrong) or f"{len(found)} notebooks ran without an error.")
    print(f"Screenshots: {os.path.relpath(options.screenshots)}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
