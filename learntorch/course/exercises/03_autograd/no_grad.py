"""Exercise 24: a block in which nothing is recorded."""

import learntorch as torch
from learntorch.course.exercises.arrows import BLUE, RED
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "no-grad",
    chapter=3,
    number=24,
    title="Nothing is recorded here",
    kind="fill-in",
    minutes=12,
    slot="no-grad",
    builds="learntorch.no_grad",
    forbids=("no_grad", "inference_mode", "enable_grad"),
    prompt="""
    Every step of training changes the weights inside `with torch.no_grad():`. If that block left recording off, all
    later gradients would be missing; if it left it on where it had been off, memory would fill up.

    Python runs `with thing:` in three steps. It calls `thing.__enter__()`, then the block, then
    `thing.__exit__(type, value, traceback)`. The last call comes in any case: with three times None if all went well,
    with the error if one was raised. An `__exit__` that returns nothing lets the error go on, and so should yours.

    Complete the class. `torch.is_grad_enabled()` says whether operations are being recorded, and
    `torch.set_grad_enabled(flag)` sets it to True or False.

    - Inside the block nothing is recorded.
    - After it, all is as it was *before the block*, whether that was on or off, and after an error too.
    - An object may be used again, and even inside its own block.

    In the feedback, `say()` notes whether recording is on at that moment.
    """,
    hints=(
        "What must be known at the end of the block, and when is the last moment to find it out?",
        "`__enter__` notes how things are, and `__exit__` goes back to it. If the same object is entered twice before "
        "it is left, there are two notes. The last one written is the first one needed.",
        "Rooms with a lamp: on the way in, write the state of the lamp on a slip and lay it on the pile; on the way "
        "out, take the top slip. With a list as the pile, `pile.append(slip)` lays down and `pile.pop()` takes the "
        "top.",
    ),
    why="Why is it not enough to switch recording on again at the end?",
    show=lambda program: program,
)


@ex.solution
class no_grad:
    def __init__(self):
        # <blank> ...  # 1: what does an object need from the start?
        self.before = []
        # </blank>

    def __enter__(self):
        # <blank> ...  # 2: note how things are, and switch recording off
        self.before.append(torch.is_grad_enabled())
        torch.set_grad_enabled(False)
        # </blank>

    def __exit__(self, *error):
        # <blank> ...  # 3: back to how things were
        torch.set_grad_enabled(self.before.pop())
        # </blank>


# What happens, and what `say()` notes: is recording on?
STORIES = {
    "with no_grad():\n    say()\nsay()": [False, True],
    "torch.set_grad_enabled(False)\nwith no_grad():\n    say()\nsay()": [False, False],
    "with no_grad():\n    with no_grad():\n        say()\n    say()\nsay()": [False, False, True],
    "try:\n    with no_grad():\n        say()\n        raise ValueError\nexcept ValueError:\n    say()\nsay()": [
        False, True, True,
    ],
    "block = no_grad()\nsay()\nfor turn in range(2):\n    with block:\n        say()\n    say()": [
        True, False, True, False, True,
    ],
    "block = no_grad()\ntorch.set_grad_enabled(False)\nwith block:\n    say()\nsay()": [False, False],
    "block = no_grad()\nwith block:\n    with block:\n        say()\n    say()\nsay()": [False, False, True],
    "with no_grad():\n    torch.set_grad_enabled(True)\n    with no_grad():\n        say()\n    say()\nsay()": [
        False, True, True,
    ],
    "block = no_grad()\nwith block:\n    torch.set_grad_enabled(True)\n    with block:\n        with block:\n"
    "            say()\n        say()\n    say()\nsay()": [False, False, True, True],
    "try:\n    with no_grad():\n        {}['a key']\nexcept KeyError:\n    say()\nsay()": [True, True],
}  # fmt: skip


@ex.cases
def cases(rng):
    for program in STORIES:
        yield (program,)


@ex.oracle
def expected(program):
    return STORIES[program]


@ex.judged
def judged(no_grad, program):
    """What `say()` noted while the program ran, recording being on at its start."""
    noted = []
    torch.set_grad_enabled(True)
    try:
        exec(program, {"no_grad": no_grad, "torch": torch, "say": lambda: noted.append(torch.is_grad_enabled())})
    except ValueError:
        noted.append("the error came through")
    finally:
        torch.set_grad_enabled(True)
    return noted


@ex.picture(
    "A line over time that is either high, recording, or low, not recording. It falls at the start of an outer block, "
    "stays low at the start and at the end of an inner block, and rises at the end of the outer block.",
    "Figure E24. Recording, while one block stands inside another.",
)
def picture():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 2.8))
    ax = figure.add_axes((0.16, 0.05, 0.82, 0.9))
    ax.plot([0, 2, 2, 8, 8, 10], [1, 1, 0, 0, 1, 1], color=BLUE, lw=2.8)
    for start, end, y, name in [(2, 8, -0.45, "outer block"), (4, 6, -0.95, "inner block")]:
        ax.annotate("", (end, y), (start, y), arrowprops={"arrowstyle": "|-|", "color": RED, "lw": 1.8})
        ax.text((start + end) / 2, y - 0.24, name, ha="center", va="center", fontsize=12)
    ax.set_ylim(-1.4, 1.25)
    ax.set_yticks([0, 1], ["not\nrecording", "recording"], fontsize=12)
    ax.set_xticks([])
    for side in ("top", "right", "bottom"):
        ax.spines[side].set_visible(False)
    return figure


@ex.right
class with_a_pile_of_modes:
    def __init__(self):
        self.pile = ()

    def __enter__(self):
        self.pile = (torch.is_grad_enabled(), *self.pile)
        torch.set_grad_enabled(False)
        return self

    def __exit__(self, type, value, traceback):
        last, *rest = self.pile
        self.pile = tuple(rest)
        torch.set_grad_enabled(last)
        return False


@ex.right
class with_the_switch_itself:
    def __init__(self):
        self.switches = []

    def __enter__(self):
        switch = torch.set_grad_enabled(False)
        self.switches.append(switch)
        switch.__enter__()

    def __exit__(self, *error):
        self.switches.pop().__exit__(*error)


@ex.wrong(
    "After an error recording stays off: you go back only if all went well.",
    ask="With which arguments is __exit__ called after an error, and what should differ then?",
)
class only_if_all_went_well:
    def __init__(self):
        self.before = []

    def __enter__(self):
        self.before.append(torch.is_grad_enabled())
        torch.set_grad_enabled(False)

    def __exit__(self, type, value, traceback):
        if type is None:
            torch.set_grad_enabled(self.before.pop())


@ex.wrong(
    "At the end recording is always switched on, even where it was off before the block.",
    ask="After an inner block that stands in an outer one, what should hold?",
)
class always_on:
    def __enter__(self):
        torch.set_grad_enabled(False)

    def __exit__(self, *error):
        torch.set_grad_enabled(True)


@ex.wrong(
    "There is room for one note only: when an object is entered again inside its own block, the second note covers the "
    "first.",
    ask="Which note does the outer end of the block find?",
)
class one_note:
    def __enter__(self):
        self.before = torch.is_grad_enabled()
        torch.set_grad_enabled(False)

    def __exit__(self, *error):
        torch.set_grad_enabled(self.before)


@ex.wrong(
    "You note how things are when the object is made. What counts is how they are when its block begins.",
    ask="May recording be switched between the two moments?",
)
class noted_too_early:
    def __init__(self):
        self.before = torch.is_grad_enabled()

    def __enter__(self):
        torch.set_grad_enabled(False)

    def __exit__(self, *error):
        torch.set_grad_enabled(self.before)


@ex.wrong(
    "The error has vanished: an __exit__ that returns True swallows it.",
    ask="Who will learn that something went wrong in the block?",
)
class swallows_the_error:
    def __init__(self):
        self.before = []

    def __enter__(self):
        self.before.append(torch.is_grad_enabled())
        torch.set_grad_enabled(False)

    def __exit__(self, *error):
        torch.set_grad_enabled(self.before.pop())
        return True


@ex.wrong(
    "Recording goes off as soon as the object is made, before its block begins.",
    ask="Which of the three methods runs when the block begins?",
)
class off_too_early:
    def __init__(self):
        self.before = [torch.is_grad_enabled()]
        torch.set_grad_enabled(False)

    def __enter__(self):
        self.before.append(torch.is_grad_enabled())

    def __exit__(self, *error):
        self.before.pop()
        torch.set_grad_enabled(self.before[0])
