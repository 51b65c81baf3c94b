"""Exercise 42: a number as a row of digits and a kind."""

from learntorch.course.exercises.boxes import ORANGE, canvas, grid, label
from learntorch.course.practice.definition import Exercise

ex = Exercise(
    "example",
    chapter=10,
    number=42,
    title="One number as data",
    kind="function",
    minutes=8,
    slot="example",
    builds="the examples of FizzBuzz",
    forbids=("bin", "format", "binary_repr", "unpackbits"),
    prompt="""
    A net cannot read "6". It takes a row of inputs and gives scores for kinds of answers, so each number must become
    both: the inputs that the net sees, and the label that it should find.

    Write `example(i, num_digits)` for a whole number `i` of 0 or more. The result is a pair `(digits, kind)`.

    - `digits` is a list of `num_digits` whole numbers, each 0 or 1: the binary digits of `i`, **the ones first**, then
      the twos, the fours and so on. Digits that `i` does not need are 0. Those that do not fit are left out.
    - `kind` is 3 for a multiple of both 3 and 5, else 2 for a multiple of 5, else 1 for a multiple of 3, else 0.

    `example(6, 4)` is `([0, 1, 1, 0], 1)`: 6 = 2 + 4, and 6 is a fizz.
    """,
    hints=(
        "How many entries does the list for 1 have, if `num_digits` is 10? And which of the three special kinds must "
        "be asked for first?",
        "The digit for 2 to the power of d is the remainder by 2 of what is left after d halvings, rounded down. Every "
        "multiple of 15 is a multiple of 3 as well.",
        "The decimal digits of 507, the ones first, in five places: 507 leaves 7 by ten; 50 leaves 0; 5 leaves 5; then "
        "0 and 0. So `[7, 0, 5, 0, 0]`.",
    ),
    why="The net would learn as well with the largest digit first. Why must the order be the same for all numbers?",
)


@ex.solution
def example(i, num_digits):
    # <blank>
    digits = [i // 2**d % 2 for d in range(num_digits)]
    if i % 15 == 0:
        return digits, 3
    if i % 5 == 0:
        return digits, 2
    if i % 3 == 0:
        return digits, 1
    return digits, 0
    # </blank>


@ex.oracle
def expected(i, num_digits):
    written = f"{i:b}"[::-1] + "0" * num_digits
    kind = {(True, True): 3, (False, True): 2, (True, False): 1, (False, False): 0}[i % 3 == 0, i % 5 == 0]
    return [int(digit) for digit in written[:num_digits]], kind


@ex.cases
def cases(rng):
    yield 6, 4
    yield 1, 3
    yield 5, 3
    yield 15, 5
    yield 0, 2
    yield 8, 4
    yield 15 * int(rng.integers(20, 68)), 10
    yield int(rng.integers(101, 1024)), 10
    yield 1023, 10
    yield 100, 4


@ex.picture(
    "A row of ten boxes with the digits 1, 1, 0, 1, 0, 0, 0, 0, 0, 0. Above the boxes stand the powers of two, from 1 "
    "on the left to 512 on the right. The boxes with a 1 are hatched. Below: 1 + 2 + 8 = 11, and below that: kind 0, "
    "said as it is.",
    "Figure E42. The number 11 as a training example: ten digits, the ones on the left, and its kind.",
)
def picture():
    figure, ax = canvas(14, 4.6, inches=7)
    digits = [11 // 2**d % 2 for d in range(10)]
    for d, digit in enumerate(digits):
        label(ax, 2.5 + d, 0.8, 2**d)
        grid(ax, [[digit]], 2 + d, 1.2, *((ORANGE, "//") if digit else ("white",)))
    label(ax, 7, 2.9, "1 + 2 + 8 = 11", fontsize=13)
    label(ax, 7, 3.8, "kind 0: said as it is", fontsize=13)
    return figure


@ex.right
def by_shifting(i, num_digits):
    kind = 0
    if i % 3 == 0:
        kind += 1
    if i % 5 == 0:
        kind += 2
    return [i >> d & 1 for d in range(num_digits)], kind


@ex.right
def by_halving(i, num_digits):
    rest, digits = i, []
    while len(digits) < num_digits:
        digits.append(rest % 2)
        rest //= 2
    return digits, 3 if i % 3 == 0 and i % 5 == 0 else 2 if i % 5 == 0 else 1 if i % 3 == 0 else 0


@ex.wrong(
    "The largest digit comes first in your list; here the ones come first.",
    ask="Which power of 2 does the entry at index 0 belong to?",
)
def largest_first(i, num_digits):
    digits = [i >> d & 1 for d in range(num_digits)][::-1]
    return digits, 3 if i % 15 == 0 else 2 if i % 5 == 0 else 1 if i % 3 == 0 else 0


@ex.wrong(
    "A small number gets a short list. A net takes rows of one length, so the missing digits must be 0.",
    ask="How many inputs does the first layer have, for every number?",
)
def unpadded(i, num_digits):
    digits, rest = [], i
    while rest > 0 and len(digits) < num_digits:
        digits.append(rest % 2)
        rest //= 2
    return digits, 3 if i % 15 == 0 else 2 if i % 5 == 0 else 1 if i % 3 == 0 else 0


@ex.wrong(
    "15 comes out as fizz: the test for 3 stands first, and the test for 15 is never reached.",
    ask="Which tests does 15 pass, and which of them is asked first?",
)
def fifteen_last(i, num_digits):
    digits = [i >> d & 1 for d in range(num_digits)]
    return digits, 1 if i % 3 == 0 else 2 if i % 5 == 0 else 3 if i % 15 == 0 else 0


@ex.wrong(
    "Fizz and buzz are exchanged: multiples of 3 are kind 1, multiples of 5 kind 2.",
    ask="Which kind is the number 5?",
)
def exchanged(i, num_digits):
    digits = [i >> d & 1 for d in range(num_digits)]
    return digits, 3 if i % 15 == 0 else 1 if i % 5 == 0 else 2 if i % 3 == 0 else 0


@ex.wrong(
    "The digits are texts, '0' and '1'. A net calculates with them, so they must be numbers.",
    ask='What is "1" + "1" in Python?',
)
def as_text(i, num_digits):
    written = [str(i >> d & 1) for d in range(num_digits)]
    return written, 3 if i % 15 == 0 else 2 if i % 5 == 0 else 1 if i % 3 == 0 else 0


@ex.wrong(
    "Your kind is the word that is said. As a label the loss needs its number, 0 to 3.",
    ask="What does the loss do with a label?",
)
def the_word(i, num_digits):
    digits = [i >> d & 1 for d in range(num_digits)]
    return digits, "fizzbuzz" if i % 15 == 0 else "buzz" if i % 5 == 0 else "fizz" if i % 3 == 0 else str(i)
