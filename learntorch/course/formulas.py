"""The formulas of a rule: what `differentiable` was given for each input, as it stands in the source, and as a table.

Read in chapter 03. A rule keeps its formulas as functions, and a function does not remember how it was written.
Its code does remember its file and its line, so the file is read once and every `name=…` in its calls is noted.
"""

from __future__ import annotations

import ast
import functools
import html
import inspect
import io
import linecache
import textwrap
import tokenize
from types import FunctionType
from typing import Any, NamedTuple

from ..ops.rule import Rule
from ..tensor import Tensor
from .mathematics import RAISE, SAID, SIGNS, mathml, name, slope


class Formula(NamedTuple):
    """The derivative with respect to one input, as a piece of Python."""

    target: str  # the input
    g: str  # what the formula calls the gradient of the output
    text: str  # the body of a lambda, or what stands for a function: a name, or a call that makes one


def written(thing: object) -> dict[str, str]:
    """Input → the Python text of its formula, for a rule, an operation made from one, or a node of the graph.

    Raises:
        TypeError: "written() needs an operation with a rule …" for anything else.

    >>> import learntorch as torch
    >>> written(torch.mul)
    {'a': 'g * b', 'b': 'g * a'}
    """
    rule = rule_of(thing)
    if rule is None:
        raise TypeError(
            f"written() needs an operation with a rule, not {_called(thing)}. Give it torch.mul, or the node y.grad_fn."
        )
    return {formula.target: formula.text for formula in formulas(rule)}


def rule_of(thing: object) -> Rule | None:
    """The rule behind an operation, a method or a node; None where there is none."""
    rule = thing if isinstance(thing, Rule) else getattr(thing, "rule", None)
    return rule if isinstance(rule, Rule) else None


def formulas(rule: Rule) -> tuple[Formula, ...]:
    """Every formula of a rule, in the order of its inputs."""
    named = _at(rule.fn.__code__.co_filename).decorators.get(rule.fn.__code__.co_firstlineno, {})
    found = []
    for target in rule.inputs:
        if target in rule.formulas:
            code = rule.formulas[target].__code__
            if code.co_name == "<lambda>":
                text = _at(code.co_filename).lambdas.get((target, code.co_firstlineno))
            else:
                text = named.get(target)  # what a call made is called otherwise than in the rule
            found.append(Formula(target, code.co_varnames[0], text or rule.formulas[target].__name__))
    return tuple(found)


def _called(thing: object) -> str:
    name = getattr(thing, "__name__", None)
    return f"{name!r}" if name else f"an object of type {type(thing).__name__!r}"


# ---------------------------------------------------------------------------------------------------
# As mathematics


class Helper(NamedTuple):
    """A function that a formula calls: how it is called, what it says of itself, and its lines as equations."""

    call: str  # '_share(g, a, b)'
    words: str  # the first sentence of its docstring
    lines: tuple[tuple[str, str], ...]  # ('d', 'x - target'), …, ('', what it returns); empty: not a plain formula


def table(rule: Rule) -> str:
    """The derivatives of a rule as a table of HTML, with what the helpers in them stand for; "" if it has none."""
    if not rule.formulas:
        return ""
    rows, todo = [], []
    for formula in formulas(rule):
        function, text = rule.formulas[formula.target], formula.text
        left = slope("L", formula.target)
        if text == function.__name__:  # a function of its own: what it returns is the formula
            helper = _helper(function)
            if helper.lines:
                rows += _equations(helper, left, WITH.format(formula.target))
            else:
                rows.append(_line(WITH.format(formula.target), mathml(helper.call, left), helper.words))
            todo += [(line, function) for _, line in helper.lines]
        else:
            rows.append(_line(WITH.format(formula.target), mathml(text, left)))
            todo.append((text, function))
    seen: set[object] = set()
    while todo:
        text, place = todo.pop(0)
        for called in _called_in(text, place):
            if called not in seen:
                seen.add(called)
                helper = _helper(called)
                left = mathml(helper.call)
                if helper.lines:
                    inside = left.removesuffix("</math>").partition(">")[2]
                    rows += _equations(helper, inside, "where", helper.words)
                    todo += [(line, called) for _, line in helper.lines]
                elif helper.words:
                    rows.append(_line("where", left, helper.words))
    g = formulas(rule)[0].g
    arriving = f"<math><mrow>{name(g)}<mo>=</mo>{slope('L', rule.outputs[0])}</mrow></math>"
    caption = (
        f"The derivatives of {html.escape(rule.__name__)} as mathematics: {arriving} is the gradient that arrives."
    )
    return f'<table class="lt-maths"><caption>{caption}</caption>{"".join(rows)}</table>'


WITH = "with respect to {}"


def _line(label: str, equation: str, words: str = "") -> str:
    said = f"<div>{html.escape(words)}</div>" if words else ""
    return f'<tr><th scope="row">{html.escape(label)}</th><td>{equation}{said}</td></tr>'


def _equations(helper: Helper, left: str, label: str, words: str = "") -> list[str]:
    """What the helper returns, and below it what the names in that stand for."""
    *named, (_, result) = helper.lines
    return [_line(label, mathml(result, left), words), *(_line("where", mathml(text, name(of))) for of, text in named)]


HAVE_A_SIGN = {*RAISE, *SAID, *SIGNS}


def _called_in(text: str, place: Any) -> list[Any]:
    """The functions that a formula calls and that have no sign of their own in mathematics, nor a name in PyTorch."""
    known = inspect.getmodule(place).__dict__
    found = []
    for node in ast.walk(ast.parse(text, mode="eval")):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in HAVE_A_SIGN:
            called = known.get(node.func.id)
            if isinstance(called, FunctionType) or (isinstance(called, Rule) and not hasattr(Tensor, called.__name__)):
                found.append(called)
    return found


PYTHON = {"len", "hasattr", "isinstance", "range", "tuple", "array_module", "prod"}  # about memory, not numbers


def _helper(called: Any) -> Helper:
    function = called.fn if isinstance(called, Rule) else called
    parameters = [p for p in inspect.signature(function).parameters.values() if p.kind is not p.KEYWORD_ONLY]
    call = f"{function.__name__}({', '.join(p.name for p in parameters)})"
    sentence = " ".join((function.__doc__ or "").split()).partition(". ")[0].removesuffix(".")
    return Helper(call, sentence + "." * bool(sentence), () if isinstance(called, Rule) else _lines(function))


def _lines(function: FunctionType) -> tuple[tuple[str, str], ...]:
    """The body as equations, if it is nothing but names given to values, choices, and a value at the end."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(definition, ast.FunctionDef)
    taken = {argument.arg for argument in definition.args.args}
    lines, choices = [], []
    for step in definition.body[ast.get_docstring(definition) is not None :]:
        match step:
            case ast.Assign(targets=[ast.Name(id=of)], value=value) if of not in taken and not choices:
                taken.add(of)
                lines.append((of, value))
            case ast.If(test=test, body=[ast.Return(value=ast.expr() as value)], orelse=[]):
                choices.append((test, value))
            case ast.Return(value=ast.expr() as value):
                for test, otherwise in reversed(choices):
                    value = ast.IfExp(test, otherwise, value)
                lines.append(("", value))
            case _:
                return ()
    python = (ast.Starred, ast.GeneratorExp, ast.ListComp, ast.Lambda)
    for part in (part for _, value in lines for part in ast.walk(value)):
        if isinstance(part, python) or (isinstance(part, ast.Name) and part.id in PYTHON):
            return ()
    return tuple((of, ast.unparse(value)) for of, value in lines)


# ---------------------------------------------------------------------------------------------------
# Reading a file


class _File(NamedTuple):
    lambdas: dict[tuple[str, int], str]  # the name it is given to, its line → its body
    decorators: dict[int, dict[str, str]]  # the line of the decorator → name → what is given for it


def _at(filename: str) -> _File:
    # A cell of a notebook is no file, but `linecache` knows its lines; they are part of the key, as a cell may change.
    return _read("".join(linecache.getlines(filename)))


@functools.cache
def _read(source: str) -> _File:
    lambdas, decorators = {}, {}
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for given in node.keywords:
                if isinstance(given.value, ast.Lambda):
                    lambdas[given.arg or "", given.value.lineno] = _text(source, given.value.body)
        elif isinstance(node, ast.FunctionDef):
            for call in node.decorator_list:
                if isinstance(call, ast.Call):
                    decorators[call.lineno] = {k.arg: _text(source, k.value) for k in call.keywords if k.arg}
    return _File(lambdas, decorators)


def _text(source: str, node: ast.AST) -> str:
    """The source of a node on one line, without comments."""
    text: Any = ast.get_source_segment(source, node)
    if "\n" not in text:
        return text
    # The node may stand without the brackets that let it run over several lines: Python reads it in a pair of its own.
    tokens = tokenize.generate_tokens(io.StringIO(f"({text}\n)").readline)
    skipped = (tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.ENDMARKER)
    kept = [token for token in tokens if token.type not in skipped][1:-1]
    out = kept[0].string
    for before, token in zip(kept, kept[1:]):
        same_row = before.end[0] == token.start[0]
        gap = token.start[1] - before.end[1] if same_row else before.string not in "([{" and token.string not in ")]}"
        out += " " * gap + token.string
    return out
