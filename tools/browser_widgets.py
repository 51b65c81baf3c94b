"""Step through the walk backward in a real browser, by mouse and by keyboard: `make browser`.

    python tools/browser_widgets.py [--screenshots build/screenshots/widgets]

A notebook of its own calls `step(…)` on (w + x) * (w + 1) and on the loss of a two-layer net and runs in JupyterLab
in headless Chromium. At every step the numbers are read from the page and compared with the gradients that the same
programs give here, by `backward()`. It fails where a number differs, where the keyboard does not get somewhere, on an
error in the console, on a request that leaves the machine, and where text is small, pale or cut off. Screenshots in
both themes are kept for people to look at.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from browser import HARMLESS, RUN_ALL, browser_of, free_port, start_lab, wait_for, wait_until_ready
from browser_exercises import CONTRAST, SMALLEST, THEMES, UGLY, Deviation
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Locator, Page, Request, WebSocket, sync_playwright

import learntorch as torch
from notebooks import ROOT

SIZE = {"width": 1280, "height": 1000}
TALL = {"width": 1280, "height": 2000}  # room for a whole cell

# The programs of the notebook. They are run here too, for the gradients to compare with. They keep the gradient of
# every named tensor, so each number on the page has its counterpart.
PROGRAMS = {
    "expression": """
import learntorch as torch
w = torch.tensor(2.0, requires_grad=True)
x = torch.tensor(1.0, requires_grad=True)
a = w + x
b = w + 1
y = a * b
tensors = {"w": w, "x": x, "a": a, "b": b, "y": y}
""",
    "net": """
import learntorch as torch
from learntorch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
y = nn.functional.mse_loss(model(torch.randn(5, 3)), torch.randn(5, 2))
tensors = dict(model.named_parameters())
""",
}
SHOWN = "from learntorch.course import step\nstep(y, names=tensors)"
EXPECTED_STEPS = {"expression": 5, "net": 8}


# Whether what has the focus looks different from what it looks like without.
FOCUS_SEEN = """() => {
    const node = document.activeElement;
    const look = () => {
        const s = getComputedStyle(node);
        return [s.outlineStyle, s.outlineColor, s.boxShadow, s.borderColor, s.backgroundColor].join();
    };
    const focused = look();
    node.blur();
    const plain = look();
    node.focus();
    return focused !== plain;
}"""


class Stepper:
    """One stepper on the page."""

    def __init__(self, page: Page, cell: Locator) -> None:
        self.page, self.cell = page, cell
        self.slider = cell.locator(".noUi-handle")

    def button(self, word: str) -> Locator:
        # The icon counts as a letter of the name, so the end decides.
        return self.cell.get_by_role("button", name=re.compile(rf"\b{word}$"))

    def sentence(self) -> str:
        return self.cell.get_by_role("alert").inner_text()

    def now(self) -> tuple[int, int]:
        """The step shown, and how many there are."""
        found = re.match(r"Step (\d+) of (\d+)\.", self.sentence())
        if found is None:
            raise Deviation(f"the sentence is {self.sentence()!r}")
        return int(found[1]), int(found[2])

    def come_to(self, k: int, how: str) -> None:
        """Wait until step `k` is shown, in the panel and in the picture."""
        deadline = time.monotonic() + 10
        while self.now()[0] != k or f"Step {k} of" not in (self.picture().get_attribute("aria-label") or ""):
            if time.monotonic() > deadline:
                raise Deviation(f"{how} leads to {self.sentence()!r}, not to step {k}")
            self.page.wait_for_timeout(30)

    def picture(self) -> Locator:
        return self.cell.locator('svg[role="img"]').first

    def table(self, caption: str) -> list[list[str]]:
        """The cells of a table of the panel, its heads left out."""
        rows = self.cell.locator("table", has=self.page.locator("caption", has_text=caption)).first.locator("tbody tr")
        return rows.evaluate_all("rows => rows.map(row => Array.from(row.cells, cell => cell.innerText.trim()))")


def gradients(program: str) -> dict[str, torch.Tensor]:
    """What `backward()` gives: the gradient of every tensor that the program names."""
    names: dict = {}
    exec(program, names)  # the same lines as in the notebook
    for tensor in names["tensors"].values():
        if not tensor.is_leaf:
            tensor.retain_grad()
    names["y"].backward()
    return {name: tensor.grad for name, tensor in names["tensors"].items()}


def matches(shown: str, wanted: torch.Tensor) -> bool:
    """Whether the page shows this gradient: all numbers of a small one, shape and norm and corner of a large one."""
    numbers = [float(word) for word in re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?", re.sub(r"\(.*?\), norm", "", shown))]
    flat = wanted.reshape(-1).tolist()
    if wanted.numel() > 4:
        rows = wanted.reshape(-1, wanted.shape[-1])[:3].tolist()
        corner = [value for row in rows for value in row[:3]]
        if str(tuple(wanted.shape)) not in shown or "norm" not in shown:
            return False
        flat = [wanted.norm().item(), *(corner if "\n" in shown else [])]
    return len(numbers) == len(flat) and all(abs(a - b) <= 5.01e-4 for a, b in zip(numbers, flat))


def compare(stepper: Stepper, k: int, real: dict[str, torch.Tensor]) -> int:
    """Every number of step `k` that has a counterpart. Returns how many were compared."""
    count = 0
    for name, arrived, grad in stepper.table("The leaves"):
        leaf, turn = re.match(r"(?:▶ )?(\S+) \(step (\d+)\)", name).groups()
        done = int(turn) <= k
        if done and not (matches(grad, real[leaf]) and matches(arrived, real[leaf])):
            raise Deviation(f"step {k}: {leaf} shows {arrived!r} and {grad!r}, its gradient is {real[leaf]}")
        if not done and grad != "None":
            raise Deviation(f"step {k}: {leaf}.grad is {grad!r} before its turn")
        count += 2 * done
    turns = dict(
        re.findall(r"<text[^>]*>\S+ ([^<]+)</text><text[^>]*>(\d+): ", stepper.picture().evaluate("e => e.outerHTML"))
    )
    here = next((name for name, turn in turns.items() if int(turn) == k), "")
    name = here.split(" → ")[-1]
    if name in real:
        (shown,) = (value for word, value in stepper.table("Known here") if word == "g, incoming")
        if not matches(shown, real[name]):
            raise Deviation(f"step {k}: {name} receives {shown!r}, its gradient is {real[name]}")
        count += 1
    return count


def by_mouse(stepper: Stepper, check: Callable[[int], None]) -> None:
    """Click forward to the end, back, to the ends, and let it play."""
    k, n = stepper.now()
    if k != 1:
        raise Deviation(f"it opens at step {k}")
    check(1)
    for k in range(2, n + 1):
        stepper.button("Forward").click()
        stepper.come_to(k, "a click on Forward")
        check(k)
    stepper.button("Forward").click()
    stepper.come_to(n, "a click on Forward at the end")
    stepper.button("Back").click()
    stepper.come_to(n - 1, "a click on Back")
    stepper.button("First").click()
    stepper.come_to(1, "a click on First")
    stepper.button("Last").click()
    stepper.come_to(n, "a click on Last")
    stepper.cell.locator("select").select_option("fast")
    stepper.button("Play").click()
    stepper.button("Pause").wait_for()
    stepper.come_to(n, "a click on Play")
    stepper.button("Play").wait_for(timeout=5000)  # it stops at the end, and can be played again
    stepper.button("Play").click()
    stepper.come_to(2, "a second click on Play")
    stepper.button("Pause").click()
    stepper.button("Play").wait_for()
    held = stepper.now()[0]
    stepper.page.wait_for_timeout(1200)
    if stepper.now()[0] != held or held == n:
        raise Deviation(f"Pause does not hold: step {held}, then {stepper.now()[0]} of {n}")


def by_keyboard(stepper: Stepper, check: Callable[[int], None]) -> None:
    """Tab to every control, and step with Enter, Space and the arrows; the mouse stays where it is."""
    page, (_, n) = stepper.page, stepper.now()
    stepper.button("First").focus()
    reached = []
    for _ in range(7):
        reached.append(
            page.evaluate("() => document.activeElement.innerText.trim() || document.activeElement.className")
        )
        outline = page.evaluate(FOCUS_SEEN)
        if not outline:
            raise Deviation(f"nobody can see that {reached[-1]!r} has the focus")
        page.keyboard.press("Tab")
    wanted = ["First", "Back", "Forward", "Last", "Play"]
    if reached[:5] != wanted or "noUi-handle" not in reached[6]:
        raise Deviation(f"Tab reaches {reached}")
    stepper.button("First").focus()
    page.keyboard.press("Enter")
    stepper.come_to(1, "Enter on First")
    check(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    for k in range(2, n + 1):
        page.keyboard.press("Enter" if k % 2 else "Space")
        stepper.come_to(k, "Enter or Space on Forward")
        check(k)
    for _ in range(4):  # over Last, Play and Speed to the slider
        page.keyboard.press("Tab")
    for k in range(n - 1, 0, -1):
        page.keyboard.press("ArrowLeft")
        stepper.come_to(k, "the left arrow on the slider")
        check(k)
    page.keyboard.press("ArrowRight")
    stepper.come_to(2, "the right arrow on the slider")
    page.keyboard.press("End")
    stepper.come_to(n, "End on the slider")
    page.keyboard.press("Home")
    stepper.come_to(1, "Home on the slider")


class Session:
    """One page in JupyterLab, and all that went wrong on it."""

    def __init__(self, page: Page, shots: Path) -> None:
        self.page, self.shots = page, shots
        self.wrong: list[str] = []
        page.set_default_timeout(20_000)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.wrong.append(f"the page raised: {str(error)[:300]}"))
        page.on("request", self._request)
        page.on("websocket", self._request)

    def _console(self, message) -> None:
        if message.type == "error" and not any(words in message.text for words in HARMLESS):
            self.wrong.append(f"the console reports: {message.text[:300]}")

    def _request(self, request: Request | WebSocket) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
            self.wrong.append(f"a request leaves the machine: {request.url[:200]}")

    def photograph(self, name: str, cell: Locator) -> None:
        """The cell in each theme, and what is hard to read on the page."""
        self.page.set_viewport_size(TALL)
        for theme, title in THEMES.items():
            self.page.emulate_media(color_scheme=theme)  # JupyterLab may be set to follow the system
            self.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", title)
            self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=title)
            self.page.wait_for_timeout(400)
            found = self.page.evaluate(UGLY, [SMALLEST, CONTRAST])
            self.wrong += [f"{name}, {theme}: {text}" for text in found]
            cell.screenshot(path=self.shots / f"{name}-{theme}.png")
        self.page.set_viewport_size(SIZE)


def notebook(path: Path) -> None:
    """A notebook with both programs, each followed by its stepper, and once more as it stands without widgets."""
    cells = []
    for program in PROGRAMS.values():
        cells += [nbformat.v4.new_code_cell(program.strip()), nbformat.v4.new_code_cell(SHOWN)]
    off = "import os\nos.environ['LEARNTORCH_WIDGETS'] = 'off'\n"
    cells.append(nbformat.v4.new_code_cell(off + SHOWN))
    # Without a kernel of its own, JupyterLab would ask for one.
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


def act(session: Session) -> int:
    """Drive both steppers. Returns how many numbers were compared."""
    page, compared = session.page, 0
    for i, (name, program) in enumerate(PROGRAMS.items()):
        cell = page.locator(".jp-Notebook .jp-CodeCell").nth(2 * i + 1)
        cell.get_by_role("alert").wait_for()
        stepper, real = Stepper(page, cell), gradients(program)
        if stepper.now()[1] != EXPECTED_STEPS[name]:
            raise Deviation(f"{name} has {stepper.now()[1]} steps")

        def check(k: int) -> None:
            nonlocal compared
            compared += compare(stepper, k, real)  # noqa: B023

        session.photograph(f"{name}-first", cell)
        by_mouse(stepper, check)
        by_keyboard(stepper, check)
        stepper.button("Forward").focus()
        for k in range(2, stepper.now()[1] // 2 + 2):
            page.keyboard.press("Enter")
            stepper.come_to(k, "Enter on Forward")
        session.photograph(f"{name}-middle", cell)
        stepper.button("Last").click()
        stepper.come_to(stepper.now()[1], "a click on Last")
        session.photograph(f"{name}-last", cell)
    still = page.locator(".jp-Notebook .jp-CodeCell").nth(2 * len(PROGRAMS))
    if still.locator(".jupyter-widgets").count() or still.locator("th[scope=col]").count() != 7:
        raise Deviation("without widgets the walk is not one table")
    session.photograph("static", still)
    return compared


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--screenshots", type=Path, default=ROOT / "build" / "screenshots" / "widgets")
    parser.add_argument("--chromium", default=None, help="default: what is on the PATH")
    options = parser.parse_args(arguments)
    chromium = browser_of(options.chromium)
    options.screenshots.mkdir(parents=True, exist_ok=True)
    for old in options.screenshots.glob("*.png"):
        old.unlink()
    port, token, compared = free_port(), secrets.token_hex(16), 0
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        home, root = Path(folder) / "home", Path(folder) / "notebooks"
        home.mkdir()
        root.mkdir()
        notebook(root / "stepper.ipynb")
        os.environ.pop("LEARNTORCH_WIDGETS", None)
        lab = start_lab(root, port, token, home)
        try:
            wait_for(lab, url, token, home / "jupyterlab.log")
            with sync_playwright() as play:
                flags = ["--no-sandbox", "--disable-dev-shm-usage"]
                browser = play.chromium.launch(executable_path=chromium, args=flags)
                session = Session(browser.new_page(viewport=SIZE), options.screenshots)
                try:
                    session.page.goto(f"{url}/lab/workspaces/{secrets.token_hex(4)}/tree/stepper.ipynb?token={token}")
                    wait_until_ready(session.page)
                    session.page.evaluate(RUN_ALL)
                    compared = act(session)
                except (Deviation, PlaywrightError) as error:
                    session.wrong.append(str(error))
                    session.page.screenshot(path=options.screenshots / "99-deviation.png")
                browser.close()
        finally:
            lab.terminate()
            lab.wait(timeout=20)
    print("\n".join(session.wrong) or f"Both steppers went as they should: {compared} numbers equal the gradients.")
    print(f"Screenshots: {os.path.relpath(options.screenshots)}")
    return bool(session.wrong)


if __name__ == "__main__":
    sys.exit(main())
