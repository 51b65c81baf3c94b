"""Check the pages of the book with axe-core, in Chromium, in the light and in the dark scheme: `make accessibility`.

    python tools/accessibility.py --axe node_modules/axe-core/axe.min.js [--pages build/book/html] [chapters/03 …]

Prints, for every page, what was found in each scheme, by weight. Fails if anything is serious or critical, and says
what and where. Every rule of axe-core is on, its best practices included.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from browser import browser_of
from playwright.sync_api import Browser, sync_playwright

from notebooks import ROOT

WEIGHTS = ("critical", "serious", "moderate", "minor")
FAILING = {"critical", "serious"}
SCHEMES = ("light", "dark")
SIZE = {"width": 1280, "height": 900}

RUN = """async () => {
    const found = await axe.run(document, {resultTypes: ['violations', 'incomplete']});
    return found.violations.map(v => ({
        rule: v.id, weight: v.impact, help: v.help,
        places: v.nodes.map(n => ({target: n.target.join(' '), why: n.failureSummary})),
    }));
}"""


def check_page(browser: Browser, axe: str, path: Path, scheme: str) -> list[dict]:
    """What axe-core finds on one page. A request that leaves the machine is an error of its own."""
    context = browser.new_context(color_scheme=scheme, viewport=SIZE)
    page = context.new_page()
    page.set_default_timeout(120_000)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(path.resolve().as_uri())
    page.evaluate(axe)
    found = page.evaluate(RUN)
    away = [url for url in fetched if not url.startswith(("file:", "data:"))]
    if away:
        places = [{"target": url, "why": "The page asks another machine for this."} for url in away]
        found.append({"rule": "offline", "weight": "critical", "help": "All is local", "places": places})
    context.close()
    return found


def counted(found: list[dict]) -> Counter[str]:
    """How many places there are of each weight."""
    return Counter({w: sum(len(f["places"]) for f in found if f["weight"] == w) for w in WEIGHTS})


def report(found: list[dict], shown: int = 3) -> str:
    """The findings in words, a few places of each."""
    lines = []
    for finding in found:
        lines.append(f"    {finding['weight']}: {finding['rule']} ({finding['help']}), {len(finding['places'])} times")
        for place in finding["places"][:shown]:
            why = " ".join(place["why"].split())
            lines.append(f"      {place['target']}: {why[:300]}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help="the start of a page's address; default: every page")
    parser.add_argument("--axe", type=Path, required=True, help="axe.min.js, from npm's package axe-core")
    parser.add_argument("--pages", type=Path, default=ROOT / "build" / "book" / "html")
    parser.add_argument("--chromium", default=None, help="default: what is on the PATH")
    options = parser.parse_args(arguments)
    paths = sorted(options.pages.rglob("*.html"))
    if options.names:
        paths = [p for p in paths if p.relative_to(options.pages).as_posix().startswith(tuple(options.names))]
    if not paths:
        raise SystemExit(f"There are no pages in {options.pages}. Make them first: make book")
    axe, total = options.axe.read_text(encoding="utf-8"), Counter()
    with sync_playwright() as play:
        flags = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = play.chromium.launch(executable_path=browser_of(options.chromium), args=flags)
        for path in paths:
            found = {scheme: check_page(browser, axe, path, scheme) for scheme in SCHEMES}
            counts = {scheme: counted(found[scheme]) for scheme in SCHEMES}
            words = [
                f"{scheme}: " + (", ".join(f"{n} {w}" for w in WEIGHTS if (n := counts[scheme][w])) or "nothing")
                for scheme in SCHEMES
            ]
            bad = any(counts[scheme][w] for scheme in SCHEMES for w in FAILING)
            print(
                f"{'✗' if bad else '✓'} {path.relative_to(options.pages).as_posix()}: {' · '.join(words)}", flush=True
            )
            for scheme in SCHEMES:
                if found[scheme]:
                    print(f"  in the {scheme} scheme:\n{report(found[scheme])}")
                total += counts[scheme]
        browser.close()
    print(f"{len(paths)} pages in two schemes: " + ", ".join(f"{total[w]} {w}" for w in WEIGHTS) + ".")
    return int(any(total[w] for w in FAILING))


if __name__ == "__main__":
    sys.exit(main())
