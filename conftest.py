"""What every pytest run of the repository shares: static pictures, and one line on how much was compared."""

from __future__ import annotations

import json
import os
from pathlib import Path

# The committed outputs hold the static picture of every widget, so a validation must draw that one, too.
os.environ["LEARNTORCH_WIDGETS"] = "off"


def pytest_configure(config) -> None:
    """Pictures of long computations differ in the last digit from processor to processor: nbval leaves them out."""
    if config.getoption("nbval", default=False) and config.option.nbval_sanitize_with is None:
        config.option.nbval_sanitize_with = str(Path(__file__).parent / "tools" / "nbval.cfg")


def pytest_terminal_summary(terminalreporter) -> None:
    """After `pytest --nbval`: how many code cells were run again and compared."""
    if not terminalreporter.config.getoption("nbval", default=False):
        return
    root = Path(terminalreporter.config.rootpath)
    reports = [r for kind in terminalreporter.stats.values() for r in kind if hasattr(r, "nodeid")]
    notebooks = {r.nodeid.split("::")[0] for r in reports if ".ipynb::" in r.nodeid}
    passed = {r.nodeid for r in terminalreporter.stats.get("passed", []) if ".ipynb::" in r.nodeid}
    cells = 0
    for name in notebooks:
        text = (root / name).read_text(encoding="utf-8")
        cells += sum(cell["cell_type"] == "code" for cell in json.loads(text)["cells"])
    terminalreporter.write_line(
        f"nbval: {len(passed)} of {cells} code cells in {len(notebooks)} notebooks ran again and agree."
    )
