"""Exercise 48: the five steps of a training loop, in order."""

import learntorch as torch
from learntorch import nn, optim
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "five-steps",
    chapter=9,
    number=48,
    title="Five steps, in order",
    kind="parsons",
    minutes=5,
    prompt="""
    You will write this loop more often than any other. `train(model, optimizer, x, y, steps)` returns a list with the
    loss of every step, as plain numbers; the optimizer moves the parameters of the model. Put the lines in order. Not
    all of them are needed.
    """,
    hints=(
        "Which line makes what the next one uses? Begin with the loss and walk both ways from it.",
        "backward adds to .grad, step reads .grad, zero_grad empties it. A list of losses wants numbers, since a "
        "tensor holds on to its graph.",
        "For a letter: take an empty sheet, write, put it in the envelope, post it. Whoever posts the envelope first "
        "has written for nothing.",
    ),
    why="Which two places are there for the line that clears, and which one is the hardest to forget?",
    lines={
        "A": "        loss.backward()",
        "B": "    for _ in range(steps):",
        "C": "        optimizer.step()",
        "D": "        losses.append(loss)",
        "E": "    losses = []",
        "F": "        loss = (model(x) - y).pow(2).sum()",
        "G": "    return losses",
        "H": "        losses.append(loss.item())",
        "I": "def train(model, optimizer, x, y, steps):",
        "J": "        optimizer.zero_grad()",
        "K": "    loss = (model(x) - y).pow(2).sum()",
    },
    distractors=("D", "K"),
    show=lambda steps, momentum: f"{steps} steps of SGD with momentum {momentum} on a small net",
)
ex.answer = "I E B J F A C H G"


def make(momentum):
    """A small net, its optimizer and its data: the same in every call."""
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).double()
    x, y = torch.randn(5, 3, dtype=torch.float64), torch.randn(5, 2, dtype=torch.float64)
    return model, optim.SGD(model.parameters(), lr=0.01, momentum=momentum), x, y


@ex.judged
def judged(train, steps, momentum):
    """The losses that a run returns, what they are, and the loss that the trained net has."""
    model, optimizer, x, y = make(momentum)
    losses = train(model, optimizer, x, y, steps)
    with torch.no_grad():
        after = (model(x) - y).pow(2).sum().item()
    return {
        "losses": [float(loss) for loss in losses],
        "they are": "plain numbers" if all(isinstance(loss, float) for loss in losses) else "tensors",
        "loss after training": after,
    }


@ex.oracle
def expected(steps, momentum):
    model, _, x, y = make(momentum)
    weights = list(model.parameters())
    velocity = [torch.zeros_like(w) for w in weights]
    losses = []
    for _ in range(steps + 1):
        loss = (model(x) - y).pow(2).sum()
        losses.append(loss.item())
        gradients = torch.autograd.grad(loss, weights)
        velocity = [momentum * v + g for v, g in zip(velocity, gradients)]
        with torch.no_grad():
            for w, v in zip(weights, velocity):
                w -= 0.01 * v
    return {"losses": losses[:-1], "they are": "plain numbers", "loss after training": losses[-1]}


@ex.cases
def cases(rng):
    yield 1, 0.0
    yield 2, 0.0
    yield 3, 0.5
    yield 6, 0.9


ex.right("I E B F J A C H G")
ex.right("I E B F H A C J G")
ex.right("I E B F J A H C G")
ex.wrong("Nothing clears the gradients: each step uses the sum of all gradients so far.",
         ask="What does backward do with a gradient that is there already?", answer="I E B F A C H G")  # fmt: skip
ex.wrong("step comes before backward, so it finds no gradient: the gradients have been cleared.",
         ask="Who writes into .grad, and who reads it?", answer="I E B J F C A H G")  # fmt: skip
ex.wrong("The gradients are cleared between backward and step: step finds nothing and skips every parameter.",
         ask="For how long must a gradient live?", answer="I E B F A J C H G")  # fmt: skip
ex.wrong("The list keeps tensors, and every tensor keeps its graph.",
         ask="What takes the number out of a tensor?", answer="I E B J F A C D G")  # fmt: skip
ex.wrong("The loss is computed once, before the loop. Its graph serves one walk back, and describes the old weights.",
         ask="Which lines have to run again when the weights have moved?", answer="I E K B J A C H G")  # fmt: skip
