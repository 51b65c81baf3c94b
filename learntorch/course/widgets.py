"""When a picture can be played with, and what stands there when it cannot.

Read in chapter 03. Widgets need a kernel and ipywidgets. Where one of them is missing, on a printed page, in the
HTML edition, or in a validation run, the same object shows its static picture and its text.
"""

from __future__ import annotations

import os
from typing import Any

VIEW = "application/vnd.jupyter.widget-view+json"  # what a front end with widgets shows first


def live() -> bool:
    """Whether widgets run here. `LEARNTORCH_WIDGETS=off` turns them off: builds and validations do."""
    if os.environ.get("LEARNTORCH_WIDGETS") == "off":
        return False
    try:
        import ipywidgets  # noqa: F401
        from IPython import get_ipython
    except ImportError:
        return False
    return getattr(get_ipython(), "kernel", None) is not None


class Playable:
    """Something to play with: `widget()` where widgets run, `static()` everywhere else.

    A subclass gives `static()`, a dict from MIME type to text with `text/plain` in it, and `widget()`, an
    ipywidgets widget. A notebook asks `_repr_mimebundle_`; `print` asks `repr`.
    """

    def static(self) -> dict[str, str]:
        raise NotImplementedError

    def widget(self) -> Any:
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.static()["text/plain"]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        shown: dict[str, Any] = self.static()
        if live():
            # Both go into the notebook: a page that cannot run the widget shows the static picture beside it.
            shown = shown | {VIEW: self.widget()._repr_mimebundle_()[VIEW]}
        return shown
