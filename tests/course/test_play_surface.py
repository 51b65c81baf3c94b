"""`show_descent`: the ways are the optimizers', the map is the loss's, and the words are true of both.

The behaviour of `learntorch.course.play.surface` and `learntorch.course.play.contours`.
"""

import itertools
import math
import xml.etree.ElementTree as ET

import pytest

import learntorch as torch
from learntorch import optim
from learntorch.course import show_descent
from learntorch.course.play.contours import contours
from learntorch.course.play.surface import SURFACES, Path, bowl, descend, heights, hills, valley

SVG = "{http://www.w3.org/2000/svg}"


def control(box, description):
    return next(c for c in box.children if getattr(c, "description", "") == description)


def slope_of_bowl(x, y):
    return x, 20 * y


# --- The ways -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lr, momentum", [(0.01, 0.0), (0.095, 0.0), (0.105, 0.0), (0.01, 0.9)])
def test_sgd_is_the_loop_by_hand(lr, momentum):
    path = descend(bowl, (-8.0, 2.0), lr=lr, momentum=momentum, steps=40)
    (x, y), (u, v) = (-8.0, 2.0), (0.0, 0.0)
    for place, loss, slope in zip(path.places, path.losses, path.slopes):
        assert place == pytest.approx((x, y), rel=1e-12, abs=1e-12)
        assert loss == pytest.approx(0.5 * (x * x + 20 * y * y))
        gx, gy = slope_of_bowl(x, y)
        assert slope == pytest.approx(math.hypot(gx, gy))
        u, v = momentum * u + gx, momentum * v + gy
        x, y = x - lr * u, y - lr * v
    assert len(path.places) == 41


def test_adam_is_the_loop_by_hand():
    path = descend(bowl, (-8.0, 2.0), "Adam", lr=0.3, steps=25)
    p, m, v = [-8.0, 2.0], [0.0, 0.0], [0.0, 0.0]
    for t, place in enumerate(path.places, 1):
        assert place == pytest.approx(p, rel=1e-9)
        for i, g in enumerate(slope_of_bowl(*p)):
            m[i] = 0.9 * m[i] + 0.1 * g
            v[i] = 0.999 * v[i] + 0.001 * g * g
            p[i] -= 0.3 * (m[i] / (1 - 0.9**t)) / ((v[i] / (1 - 0.999**t)) ** 0.5 + 1e-8)


def test_the_bowl_is_the_chapter_s():
    """The loop of chapter 09, in float32 and with its own words."""
    p = torch.tensor([-8.0, 2.0], requires_grad=True)
    optimizer = optim.SGD([p], lr=0.01, momentum=0.9)
    for _ in range(40):
        optimizer.zero_grad()
        (0.5 * (p[0] ** 2 + 20 * p[1] ** 2)).backward()
        optimizer.step()
    path = show_descent("bowl").path(lr=0.01, momentum=0.9)
    assert path.places[-1] == pytest.approx(p.tolist(), abs=1e-4)
    assert SURFACES["bowl"].steps == 40 and SURFACES["bowl"].start == (-8.0, 2.0)


def test_states():
    assert descend(bowl, (-8, 2), lr=0.01, steps=40).state == "still on its way"
    assert descend(bowl, (-8, 2), lr=0.085, steps=60).state == "converged"
    assert descend(bowl, (-8, 2), lr=0.1, steps=40).state == "oscillates"
    assert descend(bowl, (-8, 2), lr=0.105, steps=40).state == "diverges"


def test_turns_are_moves_against_the_move_before():
    path = Path([(0, 0), (1, 0), (0.5, 0.1), (0.5, 1), (0.5, 0)], [4, 3, 2, 1, 0.5], [1.0] * 5)
    assert path.turns == 2


def test_a_way_that_runs_off_is_stopped():
    path = descend(bowl, (-8, 2), lr=10.0, steps=200)
    assert path.state == "diverges" and len(path.places) < 20 and path.losses[-1] > 1e12
    assert Path([(0, 0), (1, 1)], [1.0, math.nan], [1.0, math.nan]).state == "diverges"


def test_in_the_hills_momentum_crosses_the_pass():
    view = show_descent("hills")
    small, good, rolling = view.paths.values()
    assert good.state == "converged" and good.places[-1][0] > 1.5
    assert rolling.places[-1][0] < -1.5 and rolling.losses[-1] < good.losses[-1] - 1
    assert small.losses[-1] > good.losses[-1]


@pytest.mark.parametrize("name, loss", [("bowl", bowl), ("valley", valley), ("hills", hills)])
def test_the_runs_of_each_surface_show_what_they_should(name, loss):
    view = show_descent(name)
    assert view.surface.loss is loss
    small, good, rolling = view.paths.values()
    assert small.state == "still on its way" and good.losses[-1] < small.losses[-1] > rolling.losses[-1]
    assert all(math.isfinite(path.losses[-1]) for path in view.paths.values())


# --- The map --------------------------------------------------------------------------------------------


def test_heights_are_the_loss():
    xs, ys = [-1.0, 0.5, 2.0], [0.0, 1.0]
    wanted = [[valley(torch.tensor([x, y], dtype=torch.float64)).item() for x in xs] for y in ys]
    assert heights(valley, xs, ys) == [pytest.approx(row) for row in wanted]


@pytest.mark.parametrize(
    "loss",
    [
        lambda p: (p * p).sum(),  # a grid of places comes out as one number
        lambda p: p @ p,  # a grid is no vector
        lambda p: (p * p).sum() + p[0] * 0,  # right shape on a grid, wrong values
    ],
)
def test_a_loss_for_two_numbers_only_is_asked_place_by_place(loss):
    assert heights(loss, [0.0, 1.0, 2.0], [0.0, 3.0]) == [[0, 1, 4], [9, 10, 13]]


def test_a_loss_with_float32_data():
    data = torch.tensor([[1.0, 2.0], [0.0, 1.0], [2.0, 0.0]])

    def fit(p):
        return ((data @ p - 1) ** 2).sum()

    view = show_descent(fit, [{"lr": 0.05}], start=(2, 2), steps=100)
    p = view.paths["SGD, lr 0.05"].places[-1]
    assert view.paths["SGD, lr 0.05"].state == "converged"
    assert p == pytest.approx((3 / 7, 3 / 7), abs=1e-4)  # least squares: (5, 2; 2, 5) p = (3, 3)


def test_a_contour_of_a_round_bowl_is_a_ring():
    side = [i / 10 - 2 for i in range(41)]
    grid = [[x * x + y * y for x in side] for y in side]
    (ring,) = contours(side, side, grid, 1.0)
    assert ring[0] == ring[-1] and len(ring) > 50
    assert all(math.hypot(x, y) == pytest.approx(1.0, abs=0.003) for x, y in ring)
    assert all(math.dist(a, b) < 0.15 for a, b in itertools.pairwise(ring))


def test_open_lines_saddles_and_levels_that_are_not_there():
    side = [i / 4 - 1 for i in range(9)]
    saddle = [[x * y for x in side] for y in side]
    lines = contours(side, side, saddle, 0.3)
    assert len(lines) == 2 and all(line[0] != line[-1] for line in lines)
    assert contours(side, side, saddle, 5.0) == []
    crossing = contours([0, 1], [0, 1], [[1, 0], [0, 1]], 0.5)
    assert sorted(len(line) for line in crossing) == [2, 2]
    assert contours([0, 1], [0, 1], [[1, math.nan], [0, 1]], 0.5) == []


@pytest.mark.parametrize("name", SURFACES)
def test_the_lines_drawn_lie_at_their_height(name):
    view = show_descent(name)
    lines = [(level, contours(view.xs, view.ys, view.heights, level)) for level in view.levels]
    assert len(lines) >= 6 and all(found for _, found in lines)
    for level, found in lines:
        for x, y in [point for line in found for point in line][::7]:
            p = torch.tensor([x, y], dtype=torch.float64)
            assert view.surface.loss(p).item() == pytest.approx(level, rel=0.02, abs=0.12)


# --- The picture and the widget -------------------------------------------------------------------------


@pytest.mark.parametrize("name", SURFACES)
def test_the_picture_names_levels_runs_and_start(name):
    view = show_descent(name)
    text = view.static()["image/svg+xml"]
    assert text == show_descent(name).static()["image/svg+xml"]
    root = ET.fromstring(text)
    words = [t.text for t in root.iter(f"{SVG}text")]
    assert "start" in words
    assert {f"{level:g}" for level in view.levels if level} - {*words} == set()
    for run, path in view.paths.items():
        assert any(w.startswith(f"{run}: {path.state}") for w in words if w)
    assert float(root.get("width")) <= 820
    legend = [t for t in root.iter(f"{SVG}text") if (t.text or "").startswith("SGD")]
    assert all(float(t.get("x")) + 7.4 * len(t.text) < 790 for t in legend)
    assert all(float(t.get("font-size")) >= 12 for t in root.iter(f"{SVG}text"))


def test_text():
    lines = repr(show_descent("bowl", [{"lr": 0.01}, {"optimizer": "Adam", "lr": 0.3}])).splitlines()
    assert lines[0] == "A map of bowl, ½(p₀² + 20 p₁²). Start (−8, 2), loss 72."
    assert lines[1] == "SGD, lr 0.01: still on its way; loss 14.3 after 40 steps, at (−5.35, 0.0003)"
    assert lines[2].startswith("Adam, lr 0.3: ")


def test_a_start_outside_widens_the_map():
    view = show_descent("hills", start=(6.0, 0.0))
    assert view.surface.across[0] == -3.7 and view.surface.across[1] > 6
    assert show_descent("hills").surface.across == SURFACES["hills"].across


def test_the_widget_follows_its_sliders():
    view = show_descent("bowl")
    box = view.widget()
    kind, rate, momentum, steps = (control(box, d) for d in ("optimizer", "lr", "momentum", "steps"))
    words, picture = box.children[-2:]
    assert (kind.value, rate.value, momentum.value, steps.value) == ("SGD", 0.01, 0.9, 40)
    assert "momentum 0.9: still on its way" in words.value
    momentum.value = 0.0
    rate.value = 0.105
    assert words.value.startswith("<p>SGD, lr 0.105: diverges")
    steps.value = 3
    assert picture.value == view.picture({"SGD, lr 0.105": view.path(lr=0.105, steps=3)})
    assert "after 3 steps" in words.value
    kind.value = "Adam"
    assert momentum.disabled and words.value.startswith("<p>Adam, lr 0.105: ")
    assert picture.value == view.picture({"Adam, lr 0.105": view.path("Adam", lr=0.105, steps=3)})


def test_errors():
    with pytest.raises(ValueError, match=r"no surface 'bowle'\. Choose among bowl, valley, hills"):
        show_descent("bowle")
    with pytest.raises(TypeError, match="got int"):
        show_descent(3)
    with pytest.raises(ValueError, match="no optimizer 'Adagrad'. Choose one of SGD, Adam"):
        show_descent("bowl", [{"optimizer": "Adagrad"}])
    with pytest.raises(ValueError, match="into one number; this one gave shape"):
        show_descent(lambda p: p * 2)
    with pytest.raises(RuntimeError, match="carries no graph"):
        show_descent(lambda p: (p * p).sum().detach())
    with pytest.raises(ValueError, match="[Ii]nvalid learning rate"):
        show_descent("bowl", [{"lr": -1.0}])
    with pytest.raises(ValueError, match="start of 3 numbers"):
        show_descent("bowl", start=(1, 2, 3))
    with pytest.raises(ValueError, match="steps=0. Give 1 or more"):
        show_descent("bowl", steps=0)
    with pytest.raises(ValueError, match="Give each as"):
        show_descent("bowl", across=(1, 1))
    with pytest.raises(ValueError, match="Draw two maps"):
        show_descent("bowl", [{"lr": 0.01 * k} for k in range(1, 6)])
    with pytest.raises(ValueError, match="the same all over the map"):
        show_descent(lambda p: (p * 0).sum())
