"""A newcomer's first hour with the exercises, acted out in a real browser: `make browser-exercises`.

    python tools/browser_exercises.py [--screenshots build/screenshots/exercises]

In a copy of the notebooks, with JupyterLab in headless Chromium: run the untouched cell of softmax, give a wrong
answer, read the feedback and a hint, mend it, restart the kernel, find the progress kept, and go on to chapter 05 and
the landing page with a torch that is partly one's own. It fails where something reads differently than it should, on
an error in the console, on a request that leaves the machine, and where text is small, pale or cut off, in the light
theme or the dark one. Screenshots of each step are kept for people to look at.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from browser import HARMLESS, browser_of, free_port, start_lab, wait_for, wait_until_ready
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Request, WebSocket, sync_playwright

from notebooks import ROOT

SIZE = {"width": 1280, "height": 900}
NARROW = {"width": 900, "height": 900}
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
SMALLEST = 12  # pixels
CONTRAST = 4.5  # of text against its background, as WCAG AA asks

# What the learner types into the blanks of softmax: a typical mistake, then the right lines.
SHIFT = "z = x - x.max(axis=-1, keepdims=True)"
WRONG = {"z = ...": SHIFT, "return ...": "return e / e.sum()"}
MENDED = {"return e / e.sum()": "return e / e.sum(axis=-1, keepdims=True)"}

PANEL = "window.jupyterapp.shell.currentWidget"
CELLS = f"""() => Array.from({PANEL}.content.model.cells).map(cell => {{
    const json = cell.toJSON();
    const text = value => Array.isArray(value) ? value.join('') : (value || '');
    return {{
        type: json.cell_type,
        source: text(json.source),
        count: json.execution_count,
        outputs: (json.outputs || []).map(o => text(o.text) || text((o.data || {{}})['text/plain'])
            || (o.ename ? `${{o.ename}}: ${{o.evalue}}` : '')),
        cards: (json.outputs || []).filter(o => o.data && o.data['text/html']).length,
    }};
}})"""
SELECT = f"""async index => {{
    const content = {PANEL}.content;
    content.activeCellIndex = index;
    content.deselectAll();
    await content.scrollToItem(index, 'center');
    content.widgets[index].node.setAttribute('data-probe', index);
}}"""
KERNEL = f"() => {PANEL}.sessionContext.session?.kernel?.status"

# JupyterLab asks the browser for attached pictures by name before it has put them in.
HARMLESS = (*HARMLESS, "ERR_UNKNOWN_URL_SCHEME")

# Pictures that are missing, text that is hard to read, outputs that are wider than their place. Tracebacks and the
# colours of Python's syntax are the theme's own.
UGLY = f"""([smallest, contrast]) => {{
    const found = [];
    const THEIRS = 'mjx-container, style, script, .jp-RenderedMarkdown pre span, '
        + '[data-mime-type="application/vnd.jupyter.stderr"], [data-mime-type="application/vnd.jupyter.error"]';
    const channels = color => (color.match(/[\\d.]+/g) || []).map(Number);
    const over = (top, below) => {{
        const a = top.length > 3 ? top[3] : 1;
        return [0, 1, 2].map(i => top[i] * a + below[i] * (1 - a));
    }};
    const light = c => {{
        const [r, g, b] = c.map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    }};
    const behind = node => {{
        const layers = [];
        for (let n = node; n; n = n.parentElement) layers.push(channels(getComputedStyle(n).backgroundColor));
        return layers.reverse().reduce((below, top) => top.length ? over(top, below) : below, [255, 255, 255]);
    }};
    for (const area of {PANEL}.content.node.querySelectorAll('.jp-OutputArea-output, .jp-MarkdownOutput')) {{
        if (area.scrollWidth > area.clientWidth + 1 && !['auto', 'scroll'].includes(getComputedStyle(area).overflowX))
            found.push(`an output is ${{area.scrollWidth}} pixels wide in a place of ${{area.clientWidth}}: `
                + area.innerText.trim().slice(0, 60));
        for (const picture of area.querySelectorAll('img'))
            if (!picture.naturalWidth || !picture.alt)
                found.push(`a picture is missing or not described: ${{picture.src}}`);
        const walker = document.createTreeWalker(area, NodeFilter.SHOW_TEXT);
        for (let text = walker.nextNode(); text; text = walker.nextNode()) {{
            const node = text.parentElement;
            const words = text.data.trim();
            if (!words || !node.offsetParent || node.closest(THEIRS)) continue;
            const style = getComputedStyle(node);
            if (parseFloat(style.fontSize) < smallest)
                found.push(`${{style.fontSize}} is small: ${{words.slice(0, 60)}}`);
            const back = behind(node);
            const [a, b] = [light(over(channels(style.color), back)), light(back)].sort((x, y) => y - x);
            const ratio = (a + 0.05) / (b + 0.05);
            if (ratio < contrast)
                found.push(`the contrast is ${{ratio.toFixed(1)}}: ${{words.slice(0, 60)}}`);
        }}
    }}
    return [...new Set(found)];
}}"""


class Deviation(Exception):
    """Raised where the browser shows something else than it should."""


class Learner:
    """Somebody at the keyboard, in one JupyterLab."""

    def __init__(self, page: Page, url: str, token: str, shots: Path) -> None:
        self.page, self.url, self.token, self.shots = page, url, token, shots
        self.wrong: list[str] = []
        self.step = 0
        page.set_default_timeout(15_000)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.wrong.append(f"the page raised: {str(error)[:300]}"))
        page.on("request", self._request)
        page.on("websocket", self._request)

    def _console(self, message) -> None:
        if message.type == "error" and not any(words in message.text for words in HARMLESS):
            self.wrong.append(f"the console reports: {message.text[:300]}")

    def _request(self, request: Request | WebSocket) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "attachment") and parts.hostname != "127.0.0.1":
            self.wrong.append(f"a request leaves the machine: {request.url[:200]}")

    # Moving about ────────────────────────────────────────────────────────────────────────────────

    def open(self, path: str) -> None:
        """Open a notebook, in a workspace of its own."""
        self.page.goto(f"{self.url}/lab/workspaces/{secrets.token_hex(4)}/tree/{path}?token={self.token}")
        wait_until_ready(self.page)
        self.page.wait_for_timeout(500)

    def cells(self) -> list[dict]:
        return self.page.evaluate(CELLS)

    def where(self, words: str) -> int:
        """The first code cell with these words."""
        for index, cell in enumerate(self.cells()):
            if cell["type"] == "code" and words in cell["source"]:
                return index
        raise Deviation(f"there is no cell with {words!r}")

    def select(self, index: int) -> None:
        self.page.evaluate(SELECT, index)

    def run(self, index: int) -> list[str]:
        """Run a cell with Shift+Enter; its outputs as text."""
        self.select(index)
        self.page.evaluate(f"index => {PANEL}.content.model.cells.get(index).clearExecution()", index)
        self.page.locator(f'[data-probe="{index}"] .cm-content').click()
        self.page.keyboard.press("Shift+Enter")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            cell = self.cells()[index]
            if cell["count"] is not None and self.page.evaluate(KERNEL) == "idle":
                self.page.wait_for_timeout(150)
                return self.cells()[index]["outputs"]
            self.page.wait_for_timeout(50)
        raise Deviation(f"the cell {cell['source'].splitlines()[0]!r} did not come to an end")

    def replace(self, index: int, lines: dict[str, str]) -> None:
        """Click behind a line of a cell, select its words, and type other ones."""
        for old, new in lines.items():
            self.select(index)
            line = self.page.locator(f'[data-probe="{index}"] .cm-line', has_text=old).first
            line.click()
            self.page.keyboard.press("End")
            self.page.keyboard.press("Shift+Home")  # up to the indentation
            self.page.keyboard.type(new, delay=2)
        source = self.cells()[index]["source"]
        for new in lines.values():
            if new not in source:
                raise Deviation(f"typing {new!r} gave {source!r}")

    def below(self, index: int, source: str) -> int:
        """A new cell below another, with this in it."""
        self.select(index)
        self.page.locator(f'[data-probe="{index}"] .cm-content').click()
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("b")
        self.page.keyboard.press("Enter")
        self.page.keyboard.type(source, delay=2)
        if self.cells()[index + 1]["source"] != source:
            raise Deviation(f"typing {source!r} gave {self.cells()[index + 1]['source']!r}")
        return index + 1

    def restart(self) -> None:
        """Restart the kernel from the menu, and say yes."""
        self.page.keyboard.press("Escape")
        self.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile("^Kernel$")).click()
        self.page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Restart Kernel…$")).click()
        self.page.locator(".jp-Dialog button.jp-mod-accept").click()
        self.page.wait_for_timeout(1000)
        wait_until_ready(self.page)

    # Looking ─────────────────────────────────────────────────────────────────────────────────────

    def look(self, name: str, index: int) -> None:
        """A picture in each theme, and what is hard to read."""
        self.step += 1
        for theme, title in THEMES.items():
            self.page.emulate_media(color_scheme=theme)  # the lab follows the system
            self.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", title)
            self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=title, timeout=10_000)
            self.page.wait_for_timeout(400)
            for width, size in (("", SIZE), ("-narrow", NARROW)):
                self.page.set_viewport_size(size)
                self.page.wait_for_timeout(150)
                self.wrong += [
                    f"step {self.step}, {name}, {theme}{width}: {text}"
                    for text in self.page.evaluate(UGLY, [SMALLEST, CONTRAST])
                ]
            self.page.set_viewport_size(SIZE)
            self.select(index)
            self.page.wait_for_timeout(200)
            self.page.screenshot(path=self.shots / f"{self.step:02}-{name}-{theme}.png")
            self.page.locator(f'[data-probe="{index}"]').screenshot(
                path=self.shots / f"{self.step:02}-{name}-{theme}-cell.png",
                style=".jp-cell-toolbar, .jp-cell-menu { visibility: hidden; }",
            )
        self.page.emulate_media(color_scheme="light")
        self.page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", THEMES["light"]
        )
        print(f"  {self.step:02} {name}", flush=True)

    def expect(self, outputs: list[str], *wanted: str) -> None:
        """The outputs say all of this."""
        text = "\n".join(outputs)
        for words in wanted:
            if words not in text:
                raise Deviation(f"{words!r} is not in {text!r}")


def act(learner: Learner, root: Path) -> None:
    """The newcomer's path."""
    count = sum('@exercise("' in source or "predict(" in source for source in _sources(root, "04_activations"))
    learner.open("exercises/04_activations.ipynb")
    setup = learner.where('use("auto")')
    if learner.run(setup) != []:
        raise Deviation("the set-up cell prints something")

    softmax = learner.where('@exercise("softmax")')
    learner.expect(learner.run(softmax), "○ softmax: not started. Replace the … on lines 3 and 5.")
    learner.look("untouched", softmax)

    learner.replace(softmax, WRONG)
    told = learner.run(softmax)
    learner.expect(
        told,
        "◐ softmax: not yet. Rows do not sum to 1: you divided by one total for the whole matrix.",
        "given", "yours", "expected", "Ask yourself: Which axis",
    )  # fmt: skip
    if learner.cells()[softmax]["cards"] != 1:
        raise Deviation("the feedback is not shown as one card")
    learner.look("wrong", softmax)

    hint = learner.below(softmax, 'hint("softmax")')
    learner.expect(learner.run(hint), "Which numbers must add up to 1")
    learner.expect(learner.run(hint), "keepdims=True")
    learner.look("hint", hint)

    learner.replace(softmax, MENDED)
    learner.expect(learner.run(softmax), f"● softmax: yours is now learntorch.softmax. 1 of {count} in this chapter.")
    learner.look("right", softmax)

    learner.restart()
    learner.run(learner.where('use("auto")'))
    table = learner.below(hint, "progress()")
    shown = learner.run(table)
    learner.expect(shown, "●", f"1 of {count}", "1 of ")
    learner.look("progress", table)
    table = learner.where("whose()")
    shown = "\n".join(learner.run(table)).splitlines()
    yours = [line.split()[1] for line in shown if line.endswith("● yours")]
    if yours != ["softmax"]:
        raise Deviation(f"after the restart, yours are {yours}")
    learner.look("whose", table)
    learner.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    learner.page.wait_for_timeout(500)
    learner.page.evaluate(f"() => {PANEL}.sessionContext.shutdown()")

    # Chapter 05 runs on yours: in a strict session nothing of ours is left, and softmax still works.
    learner.open("exercises/05_two_layer_numpy.ipynb")
    setup = learner.where('use("auto")')
    learner.run(setup)
    last = learner.where("whose()")
    shown = "\n".join(learner.run(last)).splitlines()
    if [line.split()[1] for line in shown if line.endswith("● yours")] != ["softmax"]:
        raise Deviation("chapter 05 does not run on the softmax of chapter 04")
    strict = learner.below(
        last, "import learntorch; use('strict'); print(learntorch.softmax(learntorch.zeros(1, 4), 1))"
    )
    learner.expect(learner.run(strict), "tensor([[0.2500, 0.2500, 0.2500, 0.2500]])")
    poisoned = learner.below(strict, "learntorch.sigmoid(learntorch.zeros(1))")
    learner.expect(learner.run(poisoned), "learntorch.sigmoid is not yours yet")
    learner.look("chapter-05", last)
    learner.page.evaluate(f"() => {PANEL}.sessionContext.shutdown()")

    # Two other kinds: a picture next to its target, and a prediction.
    learner.open("exercises/01_tensors.ipynb")
    learner.run(learner.where('use("auto")'))
    board = learner.where('@exercise("checkerboard")')
    learner.replace(board, {"...": "return (torch.arange(rows)[:, None] + torch.arange(columns) + 1) % 2"})
    learner.expect(learner.run(board), "◐ checkerboard: not yet.", "inverted", "✗ 6 of 6 cells", "target")
    learner.look("picture", board)
    shapes = learner.where('"predict-shapes"')
    learner.expect(learner.run(shapes), "○ predict-shapes: not started. Replace each … with your answer.")
    learner.replace(shapes, {"a=...": "a=(3,),"})
    learner.expect(learner.run(shapes), "○ predict-shapes: begun. Still to be answered: b")
    learner.look("prediction", shapes)
    learner.page.evaluate(f"() => {PANEL}.sessionContext.shutdown()")

    learner.open("README.ipynb")
    table = learner.where("progress()")
    learner.expect(learner.run(table), f"1 of {count}", "●")
    learner.look("landing", table)
    learner.page.evaluate(f"() => {PANEL}.sessionContext.shutdown()")

    kept = json.loads((root / ".learntorch" / "progress.json").read_text("utf-8"))["exercises"]["softmax"]
    if kept["passed"] is not True or kept["hints"] != 2:
        raise Deviation(f"the progress on disk is {kept}")


def _sources(root: Path, stem: str) -> list[str]:
    cells = json.loads((root / "exercises" / f"{stem}.ipynb").read_text("utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def copy_of(root: Path, where: Path) -> None:
    """What a learner's clone holds, as far as this path goes."""
    for folder in ("chapters", "exercises", "solutions"):
        (where / folder).mkdir(parents=True)
        for file in sorted((root / folder).glob("*.ipynb")):
            shutil.copy(file, where / folder)
    shutil.copy(root / "README.ipynb", where)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--screenshots", type=Path, default=ROOT / "build" / "screenshots" / "exercises")
    parser.add_argument("--chromium", default=None, help="default: what is on the PATH")
    options = parser.parse_args(arguments)
    chromium = browser_of(options.chromium)
    options.screenshots.mkdir(parents=True, exist_ok=True)
    for old in options.screenshots.glob("[0-9][0-9]-*.png"):
        old.unlink()
    port, token = free_port(), secrets.token_hex(16)
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        home, clone = Path(folder) / "home", Path(folder) / "course"
        home.mkdir()
        copy_of(ROOT, clone)
        lab = start_lab(clone, port, token, home, learner=None)
        try:
            wait_for(lab, url, token, home / "jupyterlab.log")
            with sync_playwright() as play:
                flags = ["--no-sandbox", "--disable-dev-shm-usage"]
                browser = play.chromium.launch(executable_path=chromium, args=flags)
                learner = Learner(browser.new_page(viewport=SIZE), url, token, options.screenshots)
                try:
                    act(learner, clone)
                except (Deviation, PlaywrightError) as error:
                    learner.wrong.append(str(error))
                    learner.page.screenshot(path=options.screenshots / "99-deviation.png")
                browser.close()
        finally:
            lab.terminate()
            lab.wait(timeout=20)
    print("\n".join(learner.wrong) or "The newcomer's path went as it should.")
    print(f"Screenshots: {os.path.relpath(options.screenshots)}")
    return bool(learner.wrong)


if __name__ == "__main__":
    sys.exit(main())
