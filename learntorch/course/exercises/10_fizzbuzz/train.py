"""Exercise 44: the capstone. FizzBuzz is trained on the learner's own pieces."""

import learntorch as torch
from learntorch import nn
from learntorch.course.exercises.boxes import ORANGE, SKY, canvas, label
from learntorch.course.exercises.watching import (
    MODELS,
    example,
    how_it_was_learned,
    right_of,
    what_is_returned,
    what_was_learned,
)
from learntorch.course.practice.definition import Exercise
from learntorch.nn import functional as F

ex = Exercise(
    "train",
    chapter=10,
    number=44,
    title="FizzBuzz on your own torch",
    kind="function",
    minutes=25,
    slot="train",
    builds="the training of FizzBuzz",
    timeout=60.0,
    prompt="""
    Everything comes together: your digits, your layers, your loss, your optimizer. What is left is the program that
    lets a net learn from some numbers and then asks it about others.

    Write `train(model, example, epochs)`.

    - `model` takes a float tensor of shape `(N, 10)` and gives scores of shape `(N, 4)`. It is fresh; you train it.
    - `example(i, 10)` is the pair `(digits, kind)` of the last exercise but one.
    - In each of the `epochs`, the numbers **101 … 1023** are learned, each once, in a new random order and in batches
      of at most 128. The numbers 1 … 100 are held out: not one of them may be learned.
    - The loss is the cross-entropy of the scores. SGD with a learning rate of 0.1 and a momentum of 0.9 does the steps.
    - The result is a whole number: **how many of 1 … 100 the trained model gets right**, counted without recording.

    A model that has learned nothing but "always say the number" gets 53. After 200 epochs, a net with 300 hidden units
    gets at least 95, from numbers that it has never seen. The last check trains such a net, which takes a few seconds.
    """,
    hints=(
        "Which numbers may the loss ever see? And which dimension of the scores runs over the four kinds?",
        "Four tensors: inputs (923, 10) and labels (923,) to learn from, inputs (100, 10) and labels (100,) to count. "
        "Inputs are floats, labels whole numbers. The order of an epoch is one permutation for both. For each batch: "
        "clear, forward, loss, backward, update.",
        "The same program for a line: `for _ in range(20): order = torch.randperm(len(x))`, then for each `start` the "
        "rows `x[order][start : start + 32]` and `t[order][start : start + 32]`, a loss, the three calls, and in the "
        "end one number that is computed under `torch.no_grad()` from points which were kept apart.",
    ),
    why="The held-out numbers were looked at while the recipe was chosen. What would an honest last test be?",
)


@ex.solution
def train(model, example, epochs):
    # <blank>
    def data(numbers):
        pairs = [example(i, 10) for i in numbers]
        return torch.tensor([digits for digits, _ in pairs]).float(), torch.tensor([kind for _, kind in pairs])

    trX, trY = data(range(101, 1024))
    testX, testY = data(range(1, 101))
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        order = torch.randperm(len(trX))
        mixedX, mixedY = trX[order], trY[order]
        for start in range(0, len(trX), 128):
            loss = loss_fn(model(mixedX[start : start + 128]), mixedY[start : start + 128])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        answers = model(testX).argmax(1)
    return (answers == testY).sum().item()
    # </blank>


ex.show = lambda model, epochs, seed: f"model = a net {model}\nepochs = {epochs}\nthe seed is {seed}"


@ex.judged
def judged(train, name, epochs, seed):
    """What was learned, how, and what the result counts."""
    torch.manual_seed(seed)
    model = MODELS[name]()
    before = model.last.weight.detach().numpy().copy()
    returned = train(model, example, epochs)
    found = {"the result": what_is_returned(returned, model), "learned": what_was_learned(model, epochs)}
    found["how"] = how_it_was_learned(model, before)
    if epochs >= 100:
        found["right of 1 … 100"] = "95 or more" if right_of(model, range(1, 101)) >= 95 else "fewer than 95"
    return found


@ex.oracle
def expected(name, epochs, seed):
    found = {"the result": "how many of 1 … 100 are right"}
    found["learned"] = "each of 101 … 1023 once in every epoch" if epochs else "nothing"
    found["how"] = "as described" if epochs else "not at all"
    return {**found, "right of 1 … 100": "95 or more"} if epochs >= 100 else found


@ex.cases
def cases(rng):
    yield "that knows every answer", 0, 0
    yield "with 20 hidden units", 0, int(rng.integers(1000))
    yield "with 20 hidden units", 2, int(rng.integers(1000))
    yield "with 300 hidden units", 200, int(rng.integers(20))


@ex.picture(
    "A line of numbers from 1 to 1023. The part from 1 to 100 is hatched and marked: held out, counted at the end. "
    "The long part from 101 to 1023 is plain and marked: learned. Below, a row of five boxes with arrows between them: "
    "clear, forward, loss, backward, update. A long arrow leads from the last back to the first: the next batch.",
    "Figure E44. What is learned and what is counted; below, the loop that runs for every batch.",
)
def picture():
    from matplotlib.patches import Rectangle

    figure, ax = canvas(14, 6, inches=7)
    for left, width, text, color, hatch in [(0.6, 2.6, "1 … 100", ORANGE, "//"), (3.2, 10.2, "101 … 1023", SKY, "")]:
        ax.add_patch(Rectangle((left, 0.5), width, 1, fc=color, ec="black", hatch=hatch))
        plain = {"bbox": {"fc": color, "ec": "none", "pad": 2}}
        label(ax, left + width / 2, 1, text, **plain)
    label(ax, 1.9, 2.0, "held out,\ncounted at the end", va="top")
    label(ax, 8.3, 2.2, "learned")
    for i, step in enumerate(["clear", "forward", "loss", "backward", "update"]):
        label(ax, 1.7 + 2.7 * i, 4.1, step, bbox={"boxstyle": "round,pad=0.4", "fc": "white", "ec": "black"})
        if i:
            ax.annotate("", (0.8 + 2.7 * i, 4.1), (2.7 * i - 0.1, 4.1), arrowprops={"arrowstyle": "->", "lw": 1.5})
    way = {"arrowstyle": "->", "lw": 1.5, "connectionstyle": "arc3,rad=-0.15"}
    ax.annotate("", (1.7, 4.6), (12.5, 4.6), arrowprops=way)
    label(ax, 7.1, 5.7, "the next batch", fontsize=11)
    return figure


@ex.right
def with_lists(model, example, epochs):
    learn, keep = list(range(101, 1024)), list(range(1, 101))
    inputs = {i: example(i, 10)[0] for i in learn + keep}
    kinds = {i: example(i, 10)[1] for i in learn + keep}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    x, y = torch.tensor([inputs[i] for i in learn]).float(), torch.tensor([kinds[i] for i in learn])
    for _ in range(epochs):
        for some in torch.randperm(len(learn)).split(100):
            optimizer.zero_grad()
            F.cross_entropy(model(x[some]), y[some]).backward()
            optimizer.step()
    with torch.no_grad():
        scores = model(torch.tensor([inputs[i] for i in keep]).float()).tolist()
    return sum(row.index(max(row)) == kinds[i] for i, row in zip(keep, scores))


@ex.right
def with_a_loader(model, example, epochs):
    from learntorch.utils.data import DataLoader, TensorDataset

    pairs = [example(i, 10) for i in range(1024)]
    x = torch.tensor([digits for digits, kind in pairs]).float()
    y = torch.tensor([kind for digits, kind in pairs])
    loader = DataLoader(TensorDataset(x[101:], y[101:]), batch_size=128, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        for some_x, some_y in loader:
            loss = nn.CrossEntropyLoss()(model(some_x), some_y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return (model(x[1:101]).max(1)[1] == y[1:101]).sum().item()


@ex.wrong(
    "Held-out numbers were learned. The count then tells what was remembered, and not what was understood.",
    ask="What would a net score that had learned the first hundred answers by heart?",
)
def with_a_leak(model, example, epochs):
    pairs = [example(i, 10) for i in range(1024)]
    x = torch.tensor([digits for digits, _ in pairs]).float()
    y = torch.tensor([kind for _, kind in pairs])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        for some in (torch.randperm(1023) + 1).split(128):
            loss = F.cross_entropy(model(x[some]), y[some])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return (model(x[1:101]).argmax(1) == y[1:101]).sum().item()


@ex.wrong(
    "The wrong dimension: you took the best number for each kind, and not the best kind for each number.",
    ask="The scores have shape (100, 4). Which of the two dimensions must argmax take away?",
)
def along_the_numbers(model, example, epochs):
    pairs = [example(i, 10) for i in range(1024)]
    x = torch.tensor([digits for digits, _ in pairs]).float()
    y = torch.tensor([kind for _, kind in pairs])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        for some in (torch.randperm(923) + 101).split(128):
            loss = F.cross_entropy(model(x[some]), y[some])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return (model(x[1:101]).argmax(0) == y[1:101]).sum().item()


@ex.wrong(
    "Every answer was compared with every label: a column against a row makes a table of 100 × 100.",
    ask="Which shapes do the answers and the labels have, and what does broadcasting make of them?",
)
def every_pair(model, example, epochs):
    pairs = [example(i, 10) for i in range(1024)]
    x = torch.tensor([digits for digits, _ in pairs]).float()
    y = torch.tensor([kind for _, kind in pairs])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        for some in (torch.randperm(923) + 101).split(128):
            loss = F.cross_entropy(model(x[some]), y[some])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return (model(x[1:101]).argmax(1) == y[1:101].unsqueeze(1)).sum().item()


@ex.wrong(
    "Nothing was learned: this is what one gets by always saying the number.",
    ask="What does the net know that this program does not ask it?",
)
def always_the_number(model, example, epochs):
    kinds = [example(i, 10)[1] for i in range(1, 101)]
    return max(kinds.count(kind) for kind in range(4))


@ex.wrong(
    "You counted on the numbers that were learned. A net may know those by heart.",
    ask="Which numbers has the net never seen?",
)
def counted_on_the_learned(model, example, epochs):
    pairs = [example(i, 10) for i in range(1024)]
    x = torch.tensor([digits for digits, _ in pairs]).float()
    y = torch.tensor([kind for _, kind in pairs])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        for some in (torch.randperm(923) + 101).split(128):
            loss = F.cross_entropy(model(x[some]), y[some])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return (model(x[101:]).argmax(1) == y[101:]).sum().item()


@ex.wrong(
    "The result is a share between 0 and 1; the task asks how many of the hundred are right.",
    ask="What does mean divide by?",
)
def a_share(model, example, epochs):
    pairs = [example(i, 10) for i in range(1024)]
    x = torch.tensor([digits for digits, _ in pairs]).float()
    y = torch.tensor([kind for _, kind in pairs])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        for some in (torch.randperm(923) + 101).split(128):
            loss = F.cross_entropy(model(x[some]), y[some])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return (model(x[1:101]).argmax(1) == y[1:101]).float().mean().item()


@ex.wrong(
    "The gradients pile up: backward adds to what is there, and nobody clears it.",
    ask="What does .grad hold after the second batch?",
)
def never_cleared(model, example, epochs):
    pairs = [example(i, 10) for i in range(1024)]
    x = torch.tensor([digits for digits, _ in pairs]).float()
    y = torch.tensor([kind for _, kind in pairs])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        for some in (torch.randperm(923) + 101).split(128):
            loss = F.cross_entropy(model(x[some]), y[some])
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return (model(x[1:101]).argmax(1) == y[1:101]).sum().item()


@ex.wrong(
    "No weight has changed: the gradients were cleared between backward and the update.",
    ask="What does step find in .grad?",
)
def cleared_too_late(model, example, epochs):
    pairs = [example(i, 10) for i in range(1024)]
    x = torch.tensor([digits for digits, _ in pairs]).float()
    y = torch.tensor([kind for _, kind in pairs])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        for some in (torch.randperm(923) + 101).split(128):
            loss = F.cross_entropy(model(x[some]), y[some])
            loss.backward()
            optimizer.zero_grad()
            optimizer.step()
    with torch.no_grad():
        return (model(x[1:101]).argmax(1) == y[1:101]).sum().item()


@ex.wrong(
    "The inputs are mixed and the labels are not, so most numbers are learned with the answer of another.",
    ask="Which two tensors must be put in the new order?",
)
def labels_left_behind(model, example, epochs):
    pairs = [example(i, 10) for i in range(1024)]
    x = torch.tensor([digits for digits, _ in pairs]).float()
    y = torch.tensor([kind for _, kind in pairs])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        order = torch.randperm(923) + 101
        for some, theirs in zip(order.split(128), torch.arange(101, 1024).split(128)):
            loss = F.cross_entropy(model(x[some]), y[theirs])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return (model(x[1:101]).argmax(1) == y[1:101]).sum().item()


@ex.wrong(
    "The loss was given probabilities. It takes raw scores and does the softmax itself; twice is once too often.",
    ask="What does nn.CrossEntropyLoss do first with what it gets?",
)
def softmax_twice(model, example, epochs):
    pairs = [example(i, 10) for i in range(1024)]
    x = torch.tensor([digits for digits, _ in pairs]).float()
    y = torch.tensor([kind for _, kind in pairs])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        for some in (torch.randperm(923) + 101).split(128):
            loss = F.cross_entropy(torch.softmax(model(x[some]), dim=1), y[some])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return (model(x[1:101]).argmax(1) == y[1:101]).sum().item()


@ex.wrong(
    "The batches come in the order of the numbers, so each holds neighbours, which share their leading digits.",
    ask="What is different between two epochs of your program?",
)
def in_order(model, example, epochs):
    pairs = [example(i, 10) for i in range(1024)]
    x = torch.tensor([digits for digits, _ in pairs]).float()
    y = torch.tensor([kind for _, kind in pairs])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        for some in torch.arange(101, 1024).split(128):
            loss = F.cross_entropy(model(x[some]), y[some])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return (model(x[1:101]).argmax(1) == y[1:101]).sum().item()


@ex.wrong(
    "All numbers are learned at once: one step for each epoch, where batches of 128 make eight.",
    ask="How many steps are 200 epochs in your program?",
)
def one_big_batch(model, example, epochs):
    pairs = [example(i, 10) for i in range(1024)]
    x = torch.tensor([digits for digits, _ in pairs]).float()
    y = torch.tensor([kind for _, kind in pairs])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(epochs):
        for some in (torch.randperm(923) + 101).split(923):
            loss = F.cross_entropy(model(x[some]), y[some])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return (model(x[1:101]).argmax(1) == y[1:101]).sum().item()
