"""Open the chapters and exercises in JupyterLab in a real browser and run them: `make browser`.

    python tools/browser.py [03 README exercises …] [--screenshots build/screenshots]

Starts JupyterLab as `make lab` does, opens each notebook in headless Chromium and runs all its cells. It fails if a
cell ends in an error, if a picture or a widget that the notebook promises is not drawn, if the browser's console
reports an error, if a request leaves the machine, or if a notebook takes longer than its limit. It prints how long the
landing page took from the start of JupyterLab, and each notebook from the click until all its cells had run. Of each
notebook it keeps screenshots: one as it opens, in both themes, and the whole of it, window by window, after the run.
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

from playwright.sync_api import ConsoleMessage, Page, Request, sync_playwright

from notebooks import ROOT

SIZE = {"width": 1360, "height": 900}
SECONDS, FIZZBUZZ_SECONDS = 30, 60  # what a notebook may take, from opening it until all its cells have run
THEMES = {"dark": "JupyterLab Dark", "light": "JupyterLab Light"}
# What Chromium or JupyterLab reports on every machine and no learner is concerned by.
HARMLESS = (
    "favicon",
    "Failed to load resource: the server responded with a status of 404",  # a workspace not yet saved
    "ResizeObserver loop",
    "net::ERR_UNKNOWN_URL_SCHEME",  # a picture inside the notebook, before JupyterLab has put it in its place
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

# What the notebook's outputs hold, and what of it the page shows in some size.
SHOWN = """() => {
    const panel = window.jupyterapp.shell.currentWidget;
    let pictures = 0, widgets = 0;
    for (const cell of panel.content.model.cells) {
        if (cell.type !== 'code') continue;
        for (const output of cell.toJSON().outputs) {
            const kinds = Object.keys(output.data || {});
            if (kinds.includes('application/vnd.jupyter.widget-view+json')) widgets += 1;
            else if (kinds.some(kind => kind.startsWith('image/'))) pictures += 1;
        }
    }
    const drawn = selector => Array.from(panel.content.node.querySelectorAll(selector)).filter(
        node => node.getBoundingClientRect().height > 20).length;
    return {
        pictures: [pictures, drawn('.jp-RenderedImage.jp-OutputArea-output, .jp-RenderedSVG.jp-OutputArea-output')],
        widgets: [widgets, drawn('.jp-OutputArea-output > .jupyter-widgets')],
        broken: drawn('.jp-OutputArea-output .jupyter-widgets-disconnected'),
    };
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


def shots_of(path: str) -> str:
    """What the screenshots of a notebook are called: 03_autograd, exercises-03_autograd."""
    return path.removesuffix(".ipynb").removeprefix("chapters/").replace("/", "-")


def run_notebook(page: Page, url: str, token: str, path: str, shots: Path, limit: int) -> list[str]:
    """Open the notebook, run it, take its pictures. Returns what went wrong."""
    wrong: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(words in message.text for words in HARMLESS):
            wrong.append(f"the console reports: {message.text[:300]}")

    def ask(request: Request) -> None:
        if not request.url.startswith((url, url.replace("http", "ws", 1), "data:", "blob:", "attachment:")):
            wrong.append(f"a request leaves the machine: {request.url[:200]}")

    page.on("console", listen)
    page.on("pageerror", lambda error: wrong.append(f"the page raised: {str(error)[:300]}"))
    page.on("request", ask)
    page.set_viewport_size(SIZE)
    start = time.monotonic()
    page.goto(f"{url}/lab/workspaces/{secrets.token_hex(4)}/tree/{path}?token={token}")
    wait_until_ready(page)
    opened = time.monotonic() - start
    page.wait_for_timeout(500)
    stem = shots_of(path)
    for theme, title in THEMES.items():
        page.emulate_media(color_scheme=theme)  # the lab follows the system
        page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", title)
        page.wait_for_timeout(700)
        page.screenshot(path=shots / f"{stem}-opened-{theme}.png")

    page.evaluate(CLEAR_COUNTS)
    page.set_default_timeout(limit * 1000)
    start = time.monotonic()
    page.evaluate(RUN_ALL)
    seconds = opened + time.monotonic() - start
    page.wait_for_timeout(1000)
    cells = page.evaluate(OUTCOME)
    shown = page.evaluate(SHOWN)
    for what in ("pictures", "widgets"):
        promised, drawn = shown[what]
        if drawn < promised:
            wrong.append(f"{promised} {what} are promised, and {drawn} are drawn")
    if shown["broken"]:
        wrong.append(f"{shown['broken']} widgets have lost their kernel")
    allowed = FIZZBUZZ_SECONDS if stem.endswith("10_fizzbuzz") else SECONDS
    if seconds > allowed:
        wrong.append(f"it took {seconds:.0f} s from opening it until all cells had run; {allowed} s are allowed")
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
    print(f"{'✗' if wrong else '✓'} {path}: {len(cells)} code cells, {shown['pictures'][1]} pictures, "
          f"{shown['widgets'][1]} widgets; open after {opened:.1f} s, run after {seconds:.1f} s",
          flush=True)  # fmt: skip
    return [f"{path}: {text}" for text in wrong]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "names", nargs="*", help="03 (chapter and exercises), README, chapters, exercises; default: all"
    )
    parser.add_argument("--screenshots", type=Path, default=ROOT / "build" / "screenshots")
    parser.add_argument("--chromium", default=None, help="default: what is on the PATH")
    parser.add_argument("--limit", type=int, default=180, help="seconds that one notebook may take")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository (for the tests)")
    options = parser.parse_args(arguments)
    root = options.root.resolve()
    folders = [sorted((root / folder).glob("*.ipynb")) for folder in ("chapters", "exercises")]
    found = [path for path in (root / "README.ipynb", *folders[0], *folders[1]) if path.exists()]
    wanted = {Path(name).stem for name in options.names}
    found = [p for p in found if not wanted or wanted & {p.stem, p.stem.split("_")[0], p.parent.name}]
    if not found:
        raise SystemExit("There is no such notebook. Build it first: make chapters")
    chromium = browser_of(options.chromium)
    options.screenshots.mkdir(parents=True, exist_ok=True)
    for notebook in found:  # the pictures of an earlier run may be more than today's
        for old in options.screenshots.glob(f"{shots_of(notebook.relative_to(root).as_posix())}-*.png"):
            old.unlink()

    port, token = free_port(), secrets.token_hex(16)
    url = f"http://127.0.0.1:{port}"
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        started = time.monotonic()
        lab = start_lab(root, port, token, home)
        try:
            wait_for(lab, url, token, home / "jupyterlab.log")
            with sync_playwright() as play:
                flags = ["--no-sandbox", "--disable-dev-shm-usage"]
                browser = play.chromium.launch(executable_path=chromium, args=flags)
                page = browser.new_page()
                page.goto(f"{url}/?token={token}")  # what `make lab` opens
                wait_until_ready(page)
                print(f"The landing page is usable {time.monotonic() - started:.1f} s after the start.", flush=True)
                page.close()
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
