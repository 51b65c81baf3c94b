"""Exercise 14: from an array to a device and back."""

from types import SimpleNamespace

import numpy as np

from learntorch.course.exercises.boxes import ORANGE, SKY, canvas, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "device-round-trip",
    chapter=2,
    number=14,
    title="There and back",
    kind="parsons",
    minutes=8,
    prompt="""
    A forgotten step on this road goes unnoticed on a computer without a graphics card, and stops the program on one
    that has one. So the order is worth knowing by heart.

    `round_trip(array, weights, device)` multiplies an array by weights that lie on `device` and want gradients, and
    returns the product as an array. It must run on every machine. Put the lines in order. **Two of them are not
    needed.** Your order is tried with a stand-in for a graphics card, so that it is judged the same everywhere.
    """,
    hints=(
        "Where does each thing live when it is used: the array, the weights, the product? And which of them remembers "
        "how it was computed?",
        "Both factors must be on the same device. The product has two things that NumPy does not know, a place on the "
        "device and a record. Both must be gone before the step that makes an array.",
        "A form that is filled in abroad: it is posted, filled in there with a carbon copy behind it, and posted back; "
        "the copy is torn off, before or after the way home; and then the form goes into the folder. The folder takes "
        "no form that is still abroad, and none with a copy behind it.",
    ),
    why="In which order of `detach` and `cpu` is one step less recorded?",
    lines={
        "A": "    y = y.detach()",
        "B": "    return y.numpy().detach().cpu()",
        "C": "    x = torch.from_numpy(array)",
        "D": "    y = y.cpu()",
        "E": "def round_trip(array, weights, device):",
        "F": "    y = x * weights",
        "G": "    return y.numpy()",
        "H": "    x = x.to(device)",
        "I": "    y = y.to(device)",
    },
    distractors=("B", "I"),
)
ex.answer = "E C H F A D G"


class OnCard:
    """A stand-in for a tensor: it knows where it is and whether it has a record, and refuses what a tensor refuses."""

    def __init__(self, array, device="cpu", recorded=False):
        self.array, self.device, self.recorded = array, device, recorded

    def to(self, device):
        return OnCard(self.array, device, self.recorded)

    def cpu(self):
        return self.to("cpu")

    def detach(self):
        return OnCard(self.array, self.device)

    def __mul__(self, other):
        if self.device != other.device:
            raise RuntimeError(f"Expected all tensors to be on the same device: {self.device} and {other.device}.")
        return OnCard(self.array * other.array, self.device, self.recorded or other.recorded)

    __rmul__ = __mul__

    def numpy(self):
        if self.device != "cpu":
            raise TypeError(f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() first.")
        if self.recorded:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        return self.array


@ex.judged
def judged(round_trip, array, weights, device):
    """What comes back, with stand-ins in the place of the tensors."""
    names = round_trip.__globals__
    real = names["torch"]
    names["torch"] = SimpleNamespace(from_numpy=OnCard)
    try:
        return round_trip(array, OnCard(weights, device, recorded=True), device)
    finally:
        names["torch"] = real


ex.show = lambda array, weights, device: f"array = {array}\nweights = {weights}, wanting gradients\ndevice = {device!r}"


@ex.oracle
def expected(array, weights, device):
    return np.array([x * w for x, w in zip(array.tolist(), weights.tolist())])


@ex.cases
def cases(rng):
    yield np.array([1.0, 2.0]), np.array([3.0, 5.0]), "cpu"
    yield np.array([1.0, 2.0]), np.array([3.0, 5.0]), "cuda:0"
    yield np.array([2.0, 0.5, -1.0]), np.array([1.0, 4.0, -3.0]), "cuda:1"


@ex.picture(
    "Two fields side by side, divided by a dashed line: memory of the CPU and memory of the device. In the left field "
    "a box array at the top and a box array at the bottom. In the right field a box weights with the remark wants "
    "gradients, and below it a box y. Arrows with question marks lead from the upper array to the right field and from "
    "y back to the lower array.",
    "Figure E14. The product is computed on the right. Which steps lead there, and which lead back?",
)
def picture():
    figure, ax = canvas(13, 6, inches=6.5)
    ax.plot([6.5, 6.5], [0.2, 5.8], color="black", ls="--")
    label(ax, 3, 0.5, "memory of the CPU")
    label(ax, 10, 0.5, "memory of the device")
    for x, y, text, color in [(2, 1.9, "array", SKY), (2, 4.8, "array", SKY), (10.3, 4.8, "y", ORANGE),
                              (10.3, 1.9, "weights\n(want gradients)", ORANGE)]:  # fmt: skip
        label(ax, x, y, text, bbox={"boxstyle": "round,pad=0.5", "fc": color, "ec": "black"})
    for start, end, at in [((3, 1.9), (8, 1.9), 2.4), ((9.6, 4.8), (3.1, 4.8), 4.3)]:
        ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "lw": 1.5})
        label(ax, 5.6, at, "?", fontsize=15, weight="bold")
    return figure


ex.right("E C H F D A G")
ex.right("echfadg")
ex.wrong("Detach last does not work: after .numpy() it is an array, and an array knows neither devices nor gradients.",
         ask="Which of the three steps ends in something that is no tensor?", answer="E C H F B")  # fmt: skip
ex.wrong("It moves to the device again, where it is already. The way home is missing.",
         ask="On which device can NumPy read?", answer="E C H F A I G")  # fmt: skip
ex.wrong("The array stays on the CPU while the weights are on the device: the product has two places.",
         ask="What must be true of the places of both factors?", answer="E C F A D G")  # fmt: skip
ex.wrong("The move to the device comes after the product, which needs it.",
         ask="Which line is the first that uses both x and weights?", answer="E C F H A D G")  # fmt: skip
ex.wrong("The product still wants gradients when NumPy asks for it.",
         ask="What did y inherit from the weights?", answer="E C H F D G")  # fmt: skip
ex.wrong("Without the way home this runs on a computer without a graphics card, and on no other.",
         ask="Where is y when device is cuda:0?", answer="E C H F A G")  # fmt: skip
ex.wrong("The product is detached and brought home before it is computed.",
         ask="Which line makes y?", answer="E C H A D F G")  # fmt: skip
