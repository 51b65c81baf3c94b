"""Where widgets run, both the widget and its static picture are handed over; elsewhere the picture alone.

The behaviour of `learntorch.course.widgets`.
"""

import sys
from types import SimpleNamespace

import pytest

from learntorch.course import widgets
from learntorch.course.widgets import VIEW, Playable, live

STATIC = {"text/plain": "a picture", "text/html": "<p>a picture</p>"}


class Picture(Playable):
    made = 0

    def static(self):
        return dict(STATIC)

    def widget(self):
        from ipywidgets import HTML

        self.made += 1
        return HTML("moving")


@pytest.fixture
def kernel(monkeypatch):
    """A session with a kernel, as a notebook has it."""
    IPython = pytest.importorskip("IPython")
    pytest.importorskip("ipywidgets")
    monkeypatch.delenv("LEARNTORCH_WIDGETS", raising=False)
    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace(kernel=object()))


def test_without_a_kernel_the_picture_stands_alone(monkeypatch):
    monkeypatch.delenv("LEARNTORCH_WIDGETS", raising=False)
    picture = Picture()
    assert not live() and picture._repr_mimebundle_() == STATIC and picture.made == 0


def test_with_a_kernel_the_picture_stands_beside_the_widget(kernel):
    picture = Picture()
    shown = picture._repr_mimebundle_()
    assert live() and picture.made == 1
    assert shown.pop(VIEW)["model_id"] and shown == STATIC


def test_widgets_are_switched_off_by_the_environment(kernel, monkeypatch):
    monkeypatch.setenv("LEARNTORCH_WIDGETS", "off")
    picture = Picture()
    assert not live() and picture._repr_mimebundle_() == STATIC and picture.made == 0


def test_without_ipywidgets_the_picture_stands_alone(kernel, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)  # importing it fails
    picture = Picture()
    assert not live() and picture._repr_mimebundle_() == STATIC


def test_a_terminal_has_no_kernel(kernel, monkeypatch):
    import IPython

    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace())
    assert not live()


def test_print_shows_the_text():
    assert str(Picture()) == "a picture"


@pytest.mark.parametrize("part", ["static", "widget"])
def test_a_subclass_says_both(part):
    with pytest.raises(NotImplementedError):
        getattr(widgets.Playable(), part)()
