"""`written`: the text of a formula is the formula, for every rule of the table.

The behaviour of `learntorch.course.formulas`.
"""

import ast
import functools
import inspect
import types
from pathlib import Path
from xml.etree import ElementTree

import pytest

import learntorch as torch
from learntorch.course.formulas import formulas, rule_of, table, written
from learntorch.course.mathematics import LETTERS, mathml
from learntorch.ops.rule import RULES, differentiable

PAIRS = [(rule, target) for rule in RULES.values() for target in rule.formulas]
IDS = [f"{rule.__name__}-{target}" for rule, target in PAIRS]


def told(code: types.CodeType) -> tuple:
    """What a code object does, without where it stands; codes inside it (a generator's) alike."""
    constants = tuple(told(c) if isinstance(c, types.CodeType) else c for c in code.co_consts)
    return code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars


@functools.cache
def imports(file: str) -> str:
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    found = [ast.unparse(line) for line in tree.body if isinstance(line, (ast.Import, ast.ImportFrom))]
    return "\n".join(line for line in found if "__future__" not in line)


@pytest.mark.parametrize(("rule", "target"), PAIRS, ids=IDS)
def test_the_text_compiles_to_the_formula(rule, target):
    text, formula = written(rule)[target], rule.formulas[target]
    assert text and "\n" not in text and "  " not in text
    if formula.__name__ == "<lambda>":
        there = dict(inspect.getmodule(formula).__dict__)
        parameters = ", ".join(inspect.signature(formula).parameters)
        # The compiler treats the attributes of what a file imports in a way of its own, so it sees the imports.
        exec(f"{imports(inspect.getsourcefile(formula))}\nagain = lambda {parameters}: {text}", there)
        assert told(there["again"].__code__) == told(formula.__code__)
    else:
        # A name stands for the function itself; a call makes another with the same code.
        assert eval(text, dict(inspect.getmodule(rule.fn).__dict__)).__code__ is formula.__code__


def test_the_order_is_that_of_the_inputs():
    for rule in RULES.values():
        assert list(written(rule)) == [name for name in rule.inputs if name in rule.formulas]


@pytest.mark.parametrize(
    "thing",
    [
        torch.mul,
        torch.Tensor.mul_,
        torch.Tensor.__mul__,
        RULES["mul"],
        (torch.ones(2, requires_grad=True) * 2).grad_fn,
        type((torch.ones(2, requires_grad=True) * 2).grad_fn),
    ],
    ids=["function", "method", "operator", "rule", "node", "class of nodes"],
)
def test_every_way_to_name_an_operation(thing):
    assert rule_of(thing) is RULES["mul"]
    assert written(thing) == {"a": "g * b", "b": "g * a"}


def test_a_formula_over_several_lines_is_one_line():
    assert written(RULES["logit"])["x"].startswith("where((x < (eps or 0)) | (x > 1 - (eps or 0)), math.nan if")


def test_two_formulas_on_one_line_and_a_function():
    assert written(RULES["rsub"]) == {"a": "-g", "b": "g"}
    assert written(RULES["pow"])["a"] == "_power_rule"
    assert written(RULES["floor_divide"])["a"] == '_no_derivative("floor_divide")'


def test_a_rule_whose_input_is_called_g():
    assert [f.g for f in formulas(RULES["edge_pad_input"])] == ["G", "G"]


def test_a_comment_inside_a_formula_is_left_out():
    try:

        @differentiable(
            a=lambda g, b: (
                g  # the gradient
                * b
            )
        )
        def for_this_test(a, b):
            return a * b

        assert written(for_this_test) == {"a": "g * b"}
    finally:
        RULES.pop("for_this_test", None)


@pytest.mark.parametrize(
    ("thing", "words"), [(len, "not 'len'"), (3, "an object of type 'int'"), (torch.nn.Linear, "not 'Linear'")]
)
def test_without_a_rule(thing, words):
    with pytest.raises(TypeError, match=words):
        written(thing)


# As mathematics ------------------------------------------------------------------------------------


def read(xml: str) -> str:
    """MathML as one reads it, in letters: fractions with /, powers with ^, indices with _, cases in braces."""
    return spoken(ElementTree.fromstring(xml)).replace("\N{NO-BREAK SPACE}", " ")


def spoken(node: ElementTree.Element) -> str:
    parts = [spoken(child) for child in node]
    match node.tag:
        case "mfrac":
            return "(" + ") / (".join(parts) + ")"
        case "msup":
            return f"{parts[0]}^{parts[1]}"
        case "msub" | "munder":
            return f"{parts[0]}_{{{parts[1]}}}"
        case "msqrt":
            return f"√({parts[0]})"
        case "mtable":
            return "{" + "; ".join(parts) + "}"
        case "mtr":
            return f"{parts[0]} {parts[1]}"
        case "mspace":
            return " "
    return (node.text or "") + "".join(parts)


GOLDEN = {
    ("mul", "a"): "g·b",
    ("exp", "x"): "g·y",
    ("log2", "x"): "(g) / (x·ln 2)",
    ("sqrt", "x"): "(g) / (2\N{INVISIBLE TIMES}y)",
    ("rsqrt", "x"): "g·(−0.5\N{INVISIBLE TIMES}y^3)",
    ("reciprocal", "x"): "−g·y^2",
    ("asin", "x"): "g·(1) / (√(1−x^2))",
    ("div", "b"): "−g·(a) / (b^2)",
    ("add", "b"): "{g if α=1; g·α otherwise}",
    ("sign", "x"): "0",
    ("sum", "x"): "spread(g,shape(x),dim,keepdim)",
    ("mm", "a"): "g b^T",
    ("mm", "b"): "a^T g",
    ("bmm", "a"): "g b^T",
    ("addmm", "b"): "a^T g·α",
    ("relu", "x"): "{g if y>0; 0 otherwise}",
    ("sigmoid", "x"): "g·y·(1−y)",
    ("tanh", "x"): "g·(1−y^2)",
    ("softmax", "x"): "y·(g−∑_{dim}g·y)",
    ("log_softmax", "x"): "g−e^y·∑_{dim}g",
    ("logaddexp", "a"): "(g) / (1+e^b−a)",
    ("fmax", "a"): "{g if a≥b or b is NaN; 0 otherwise}",
    ("nan_to_num", "x"): "g·[x−x=0]",
    ("masked_fill", "value"): "{g if mask; 0 otherwise}",
    ("leaky_relu", "x"): "g·({1 if x>0; slope otherwise})",
    ("erf", "x"): "g·(2) / (√(π))·e^−x^2",
    ("transpose", "x"): "transpose_{dim0,dim1}(g)",
    ("reshape", "x"): "reshape_{shape(x)}(g)",
    ("roll", "x"): "roll_{shifts=−shifts,dims}(g)",
    ("stack", "tensors"): "select_{dim mod ndim(g),index=i}(g) for each i in range(len(shape(tensors)))",
    ("floor_divide", "a"): "none: backward raises an error",
    ("max_pool2d", "x"): "max_pool2d_input_{options}(g,x)",
}


@pytest.mark.parametrize(("which", "wanted"), GOLDEN.items(), ids=["-".join(which) for which in GOLDEN])
def test_formulas_as_mathematics(which, wanted):
    rule, target = which
    assert " ".join(read(mathml(written(RULES[rule])[target])).split()) == wanted.replace(" mod ", "mod")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("(a + b) * c", "(a+b)·c"),
        ("a - (b - c)", "a−(b−c)"),
        ("a * (b / c)", "a·(b) / (c)"),
        ("(a * b) ** 2", "(a·b)^2"),
        ("-(a + b)", "−(a+b)"),
        ("a - -b", "a−(−b)"),
        ("sum(a) * b", "(∑a)·b"),
        ("mm(a + b, t(c * d))", "(a+b) (c·d)^T"),
        ("mm(a * b, c)", "(a·b) c"),
        ("x if a else y if b else z", "{x if a; y if b; z otherwise}"),
        ("where(~(a < b) & (b >= 1), x, y)", "{x if not a<b and b≥1; y otherwise}"),
        ("not_known(a, *b)", "not_known(a,*b)"),
    ],
)
def test_brackets_stand_where_they_are_needed(text, wanted):
    assert read(mathml(text)) == wanted


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_every_rule_has_a_table(rule):
    text = table(rule)
    if not rule.formulas:
        assert text == ""
        return
    tree = ElementTree.fromstring(text)
    labels = [row.findtext("th") for row in tree.iter("tr")]
    for target in written(rule):
        assert f"with respect to {target}" in labels
    for row in tree.iter("tr"):
        (equation,) = row.iter("math")
        said = spoken(equation)
        assert said.strip()
        if row.findtext("th") != "where":
            assert said.startswith("(∂L) / (∂") and not said.endswith("=")


@pytest.mark.parametrize(("rule", "target"), PAIRS, ids=IDS)
def test_no_input_is_lost_on_the_way(rule, target):
    text = written(rule)[target]
    if text.isidentifier() or text.startswith(("_no_derivative", "_undefined")):
        return  # a function: what it returns is another formula
    said = spoken(ElementTree.fromstring(mathml(text)))
    for part in ast.walk(ast.parse(text, mode="eval")):
        if isinstance(part, ast.Name) and part.id in rule.inputs and "zeros_like" not in text:
            assert LETTERS.get(part.id, part.id) in said


def test_a_function_as_formula_shows_what_it_returns():
    rows = [read(ElementTree.tostring(e, encoding="unicode")) for e in equations("amax")]
    assert rows[0] == "(∂L) / (∂x)=(spread(g,shape(x),dim,keepdim)·won) / (∑_{dim}won)"
    assert rows[1] == "won=[x=spread(y,shape(x),dim,keepdim)]"
    assert rows[2] == "spread(v,shape,dim,keepdim)"


def test_a_helper_says_what_it_is():
    text = "".join(ElementTree.fromstring(table(RULES["max_dim"])).itertext())
    assert "The gradient at the positions that were picked, zeros elsewhere." in text
    rows = [read(ElementTree.tostring(e, encoding="unicode")) for e in equations("silu")]
    assert rows == ["(∂L) / (∂x)=g·silu_slope(x,σ(x))", "silu_slope(x,s)=s·(1+x·(1−s))"]


def equations(rule: str) -> list[ElementTree.Element]:
    return [next(row.iter("math")) for row in ElementTree.fromstring(table(RULES[rule])).iter("tr")]
