"""`show_decisions`: it keeps the net's answers and nothing else, counts them right, and flips the right digits.

The behaviour of `learntorch.course.play.decisions`.
"""

import xml.etree.ElementTree as ET

import pytest

import learntorch as torch
import learntorch.nn as nn
from learntorch import optim
from learntorch.course import show_decisions
from learntorch.course.play.decisions import CLASSES

SVG = "{http://www.w3.org/2000/svg}"


def encode(i, digits=10):
    return [i >> d & 1 for d in range(digits)]


def kind(i):
    return 3 if i % 15 == 0 else 2 if i % 5 == 0 else 1 if i % 3 == 0 else 0


NUMBERS = list(range(1, 101))
X = torch.tensor([encode(i) for i in NUMBERS]).float()
Y = torch.tensor([kind(i) for i in NUMBERS])


def read(x):
    """The numbers that rows of digits stand for."""
    return [int(sum(b * 2**d for d, b in enumerate(row))) for row in x.tolist()]


def perfect(x):
    """Scores of a net that plays without a mistake."""
    return torch.eye(4)[torch.tensor([kind(i) for i in read(x)])]


def always_number(x):
    return torch.tensor([[1.0, 0.0, 0.0, 0.0]] * len(x))


def a_net(seed=17, hidden=30):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(10, hidden), nn.ReLU(), nn.Linear(hidden, 4))


def control(box, description):
    return next(c for c in box.children if getattr(c, "description", "") == description)


@pytest.fixture(scope="module")
def trained():
    """A view of 30 epochs on 1 to 100 themselves, so that a short training changes the answers; and the net."""
    net, view = a_net(), show_decisions(X, Y, every=10)
    optimizer, loss_fn = optim.SGD(net.parameters(), lr=0.3, momentum=0.9), nn.CrossEntropyLoss()
    kept = {}
    for epoch in range(31):
        view(epoch, net)
        if epoch % 10 == 0:
            with torch.no_grad():
                kept[epoch] = net(X).argmax(1).tolist()
        for start in range(0, 100, 20):
            optimizer.zero_grad()
            loss_fn(net(X[start : start + 20]), Y[start : start + 20]).backward()
            optimizer.step()
    return view, kept


def test_the_answers_are_the_argmax_of_the_net(trained):
    view, kept = trained
    assert [shot.epoch for shot in view.snapshots] == [0, 10, 20, 30] == [*kept]
    assert [shot.answers for shot in view.snapshots] == [*kept.values()]
    assert len({tuple(answers) for answers in kept.values()}) > 2


def test_the_numbers_are_read_from_the_digits():
    view = show_decisions(X, Y)
    assert view.numbers == NUMBERS and view.places == [2**d for d in range(10)]


def test_digits_with_the_ones_last():
    view = show_decisions(X.flip(1), Y, numbers=NUMBERS)
    assert view.places == [2**d for d in reversed(range(10))]
    view(0, lambda x: perfect(x.flip(1)))
    assert [other for _, _, other, _ in view.flips(view.snapshots[0], 6)] == [518, 262, 134, 70, 38, 22, 14, 2, 4, 7]


def test_flipped_digits_ask_the_net_about_the_flipped_number():
    net, view = a_net(), show_decisions(X, Y)
    view(0, net)
    for number in (1, 21, 64, 100):
        flips = view.flips(view.snapshots[0], number)
        assert [place for place, *_ in flips] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
        for place, digit, other, answer in flips:
            assert digit == (number & place > 0) and other == number ^ place
            assert answer == net(torch.tensor([encode(other)]).float()).argmax(1).item()


def test_counts_and_words():
    view = show_decisions(X, Y)
    view(0, always_number)
    view(1, perfect)
    assert view.counts(view.snapshots[0]) == [(53, 53), (0, 27), (0, 14), (0, 6)]
    assert view.counts(view.snapshots[1]) == [(53, 53), (27, 27), (14, 14), (6, 6)]
    assert repr(view).splitlines() == [
        "epoch 0: 53 of 100 right; number 53 of 53, fizz 0 of 27, buzz 0 of 14, fizzbuzz 0 of 6",
        "epoch 1: 100 of 100 right; number 53 of 53, fizz 27 of 27, buzz 14 of 14, fizzbuzz 6 of 6",
    ]
    assert view.static()["text/plain"].splitlines() == [
        "epoch 0: no more right than by one answer to all (53 of 100)",
        "epoch 1: more right than by one answer to all (53 of 100)",
    ]


def test_flips_in_words():
    view = show_decisions(X, Y)
    view(0, perfect)
    view(1, always_number)
    good, poor = view.snapshots
    # No neighbour of a multiple of 3 is one; 21 ^ 16 and 21 ^ 1 are multiples of 5, 21 ^ 64 is 85.
    assert "every digit changes" in view.flips_in_words(good, 21)
    assert view.flips_in_words(good, 21).startswith("The net says fizz to 21 (right).")
    assert view.flips_in_words(poor, 21).startswith("The net says 21 to 21 (wrong: it is fizz).")
    assert "no digit changes" in view.flips_in_words(poor, 21)
    turned = [p for p, _, other, _ in view.flips(good, 7) if kind(other) != 0]
    said = ", ".join(map(str, turned[:-1])) + f" and {turned[-1]}"
    assert f"the digits for {said} change the kind" in view.flips_in_words(good, 7)


def test_every_epoch_and_the_last_one():
    view = show_decisions(X, Y, every=100)
    for epoch in range(250):
        view(epoch, always_number)
    view.keep(249, perfect)
    assert [shot.epoch for shot in view.snapshots] == [0, 100, 200, 249]
    assert view.snapshots[-1].answers == Y.tolist()


def test_the_net_is_left_as_it_was():
    net = nn.Sequential(nn.Linear(10, 8), nn.Dropout(0.5), nn.BatchNorm1d(8), nn.Linear(8, 4))
    net.train()
    net[2].eval()  # frozen by hand
    before = {name: value.clone() for name, value in net.state_dict().items()}
    view = show_decisions(X, Y)
    view(0, net)
    assert [m.training for m in net.modules()] == [True, True, True, False, True]
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters())
    view(1, net)  # with dropout off, the same net gives the same answers
    assert view.snapshots[0].answers == view.snapshots[1].answers


def test_the_picture_shows_every_answer_and_marks_the_wrong_ones(trained):
    view, kept = trained
    shot = view.snapshots[1]
    root = ET.fromstring(view.picture(shot, 21))
    words = [t.text for t in root.iter(f"{SVG}text")]
    letters = ["", "F", "B", "FB"]
    for k in (1, 2, 3):
        flips = [answer for *_, answer in view.flips(shot, 21)]
        assert words.count(letters[k]) == shot.answers.count(k) + flips.count(k) + 1  # the grid, the table, the key
    frames = [p for p in root.iter(f"{SVG}path") if p.get("fill") == "none"]
    wrong = sum(a != b for a, b in zip(shot.answers, Y.tolist()))
    wrong += sum(answer != kind(other) for _, _, other, answer in view.flips(shot, 21))
    assert len(frames) == wrong + 1
    assert view.words(shot) in root.find(f"{SVG}desc").text
    assert all(float(t.get("font-size")) >= 12 for t in root.iter(f"{SVG}text"))


def test_side_by_side_are_the_first_the_middle_and_the_last(trained):
    view, _ = trained
    text = view.static()["image/svg+xml"]
    root = ET.fromstring(text)
    words = [t.text for t in root.iter(f"{SVG}text")]
    for epoch in (0, 20, 30):
        shot = next(s for s in view.snapshots if s.epoch == epoch)
        assert f"Epoch {epoch}" in words and view.words(shot).capitalize() in words
    assert "Epoch 10" not in words
    assert float(root.get("width")) <= 820 and text == view.static()["image/svg+xml"]
    assert all(float(t.get("font-size")) >= 12 for t in root.iter(f"{SVG}text"))


def test_one_snapshot_is_shown_once():
    view = show_decisions(X, Y)
    view(5, perfect)
    words = [t.text for t in ET.fromstring(view.static()["image/svg+xml"]).iter(f"{SVG}text")]
    assert words.count("Epoch 5") == 1


def test_the_widget_follows_its_sliders(trained):
    view, _ = trained
    box = view.widget()
    epoch, number = control(box, "epoch"), control(box, "number")
    words, picture = box.children[-2:]
    assert epoch.label == "30" and number.value == 1
    assert picture.value == view.picture(view.snapshots[3], 1)
    epoch.value = 1
    number.value = 21
    assert picture.value == view.picture(view.snapshots[1], 21)
    assert "Epoch 10: " in words.value and view.flips_in_words(view.snapshots[1], 21) in words.value


def test_another_game_with_two_classes():
    """Even or odd; what the flipped number should be is known only for numbers in the view."""
    view = show_decisions(X, torch.tensor([i % 2 for i in NUMBERS]), classes=("even", "odd"))
    view(0, lambda x: torch.stack([1 - x[:, 0], x[:, 0]], dim=1))
    assert view.counts(view.snapshots[0]) == [(50, 50), (50, 50)]
    turned = [place for place, _, _, answer in view.flips(view.snapshots[0], 6) if answer == 1]
    assert turned == [1]
    assert view._right(7) == 1 and view._right(300) is None


def test_errors():
    with pytest.raises(ValueError, match=r"shape \(N, D\)"):
        show_decisions(X[0], Y)
    with pytest.raises(ValueError, match="got list"):
        show_decisions([[0, 1]], Y)
    with pytest.raises(ValueError, match="rows of 0 and 1"):
        show_decisions(X * 2, Y)
    with pytest.raises(ValueError, match="one label for each row"):
        show_decisions(X, Y[:50])
    with pytest.raises(ValueError, match="they can be 0 to 1"):
        show_decisions(X, Y, classes=CLASSES[:2])
    with pytest.raises(ValueError, match="2 to 4 classes"):
        show_decisions(X, Y, classes="abcde")
    with pytest.raises(ValueError, match="every=0"):
        show_decisions(X, Y, every=0)
    with pytest.raises(ValueError, match="not what their digits say"):
        show_decisions(X, Y, numbers=range(100))
    with pytest.raises(ValueError, match="100 rows of digits and 3 numbers"):
        show_decisions(X, Y, numbers=[1, 2, 3])
    view = show_decisions(X, Y)
    assert repr(view) == "no snapshot yet"
    for show in (view.static, view.widget):
        with pytest.raises(RuntimeError, match="Call view"):
            show()
    with pytest.raises(ValueError, match="one score per class"):
        view(0, lambda x: x)
    with pytest.raises(ValueError, match="returned list, no tensor"):
        view(0, lambda x: [1, 2])
    view(3, perfect)
    with pytest.raises(ValueError, match="epoch 3 is not after it"):
        view(3, perfect)
    with pytest.raises(ValueError, match="does not hold the number 101"):
        view.flips(view.snapshots[0], 101)
