"""A formula in Python, set as mathematics: `g * b / (b * b)` becomes MathML.

Read in chapter 03. MathML is a part of HTML: browsers set it themselves, without a script, a font to fetch or a
network, and it prints. Every piece knows how tightly it binds, so brackets stand where they are needed and nowhere
else. What has no sign of its own is written as a call, by its name: reshape(g).
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from html import escape
from typing import NamedTuple

CASES, SUM, PRODUCT, POWER, ATOM = range(5)  # how tightly a piece binds


class Piece(NamedTuple):
    """MathML, and how tightly it binds."""

    xml: str
    level: int = ATOM


LETTERS = {"alpha": "α", "beta": "β", "delta": "δ", "eps": "ε", "mu": "μ", "lambd": "λ", "INFINITY": "∞"}
# Logarithms that a rule writes out as numbers.
CONSTANTS = {0.6931471805599453: "2", 2.302585092994046: "10"}
OF_A_MODULE = {"pi": "π", "inf": "∞", "nan": "NaN"}  # math.pi
COMPARED = {
    ast.Eq: "=", ast.NotEq: "≠", ast.Lt: "&lt;", ast.LtE: "≤", ast.Gt: "&gt;", ast.GtE: "≥", ast.In: "∈",
    ast.Is: "is", ast.IsNot: "is not", ast.NotIn: "∉",
}  # fmt: skip
GAP = '<mspace width="0.2em"/>'
LEFT_OUT = {"keepdim"}  # says how the result is stored, not what it is
ITS_VALUE_ONLY = {"dim", "dims", "size", "shape", "layout", "at", "below"}
RAISE = {"_no_derivative", "_undefined"}  # what stands where PyTorch has no derivative
MANY = 4  # so many options fit below the name of an operation


def mathml(text: str, left: str = "") -> str:
    """The MathML of a Python expression; `left` is the MathML of what it is equal to.

    >>> mathml("-g")
    '<math displaystyle="true" alttext="-g"><mrow><mo>−</mo><mi>g</mi></mrow></math>'
    """
    right = _piece(ast.parse(text, mode="eval").body).xml
    inside = f"<mrow>{left}<mo>=</mo>{right}</mrow>" if left else right
    return f'<math displaystyle="true" alttext="{escape(text)}">{inside}</math>'


def slope(of: str, to: str) -> str:
    """∂of/∂to."""
    return f"<mfrac><mrow><mo>∂</mo>{name(of)}</mrow><mrow><mo>∂</mo>{name(to)}</mrow></mfrac>"


def name(text: str) -> str:
    """A name: x_shape is the shape of x, alpha is α, and a helper's leading underscore says nothing here.

    >>> name("x_shape"), name("_share")
    ('<mi>shape</mi><mo>(</mo><mi>x</mi><mo>)</mo>', '<mi>share</mi>')
    """
    if text.endswith("_shape"):
        return f"<mi>shape</mi><mo>(</mo>{name(text.removesuffix('_shape'))}<mo>)</mo>"
    return f"<mi>{LETTERS.get(text, text.strip('_'))}</mi>"


# ---------------------------------------------------------------------------------------------------
# Pieces


def _row(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"


def _brackets(inside: str, opens: str = "(", closes: str = ")") -> str:
    return f"<mrow><mo>{opens}</mo>{inside}<mo>{closes}</mo></mrow>"


def _words(text: str) -> str:
    text = text.replace(" ", "\N{NO-BREAK SPACE}")  # spaces at the ends would be lost
    return f"<mtext>{escape(text, quote=False)}</mtext>"


def _within(node: ast.expr, level: int) -> str:
    """The node as a part of something that binds at `level`: in brackets if it binds less."""
    piece = _piece(node)
    return piece.xml if piece.level >= level else _brackets(piece.xml)


def _piece(node: ast.expr) -> Piece:
    # A node without a form here is shown as it is written: true, if plain.
    form = FORMS.get(type(node))
    return form(node) if form else Piece(_words(ast.unparse(node)))


def _constant(node: ast.Constant) -> Piece:
    if isinstance(node.value, str):
        return Piece(_words(f"“{node.value}”"))
    if node.value is None or isinstance(node.value, bool):
        return Piece(_words("none" if node.value is None else str(node.value).lower()))
    if node.value in CONSTANTS:
        return Piece(_row("<mi>ln</mi>", GAP, f"<mn>{CONSTANTS[node.value]}</mn>"), PRODUCT)
    return Piece(f"<mn>{node.value:g}</mn>")


def _attribute(node: ast.Attribute) -> Piece:
    if isinstance(node.value, ast.Name) and node.value.id == "math" and node.attr in OF_A_MODULE:
        return Piece(f"<mi>{OF_A_MODULE[node.attr]}</mi>")
    return Piece(_row(f"<mi>{node.attr}</mi>", _brackets(_piece(node.value).xml)))  # x.shape → shape(x)


def _subscript(node: ast.Subscript) -> Piece:
    return Piece(f"<msub>{_within(node.value, ATOM)}{_row(_piece(node.slice).xml)}</msub>")


def _unary(node: ast.UnaryOp) -> Piece:
    if isinstance(node.op, ast.USub):
        return Piece(_row("<mo>−</mo>", _within(node.operand, PRODUCT)), SUM)
    return Piece(_brackets(_condition(node), "[", "]"))


def _binary(node: ast.BinOp) -> Piece:
    if isinstance(node.op, (ast.Add, ast.Sub)):
        sign = "+" if isinstance(node.op, ast.Add) else "−"
        return Piece(_row(_within(node.left, SUM), f"<mo>{sign}</mo>", _within(node.right, PRODUCT)), SUM)
    if isinstance(node.op, ast.Mult):
        return _product(node)
    if isinstance(node.op, ast.Div):
        top, below = node, []
        while isinstance(top, ast.BinOp) and isinstance(top.op, ast.Div):  # a / b / b is a over b²
            below.insert(0, top.right)
            top = top.left
        under = _times(below).xml if len(below) > 1 else _piece(below[0]).xml
        if isinstance(top, ast.UnaryOp) and isinstance(top.op, ast.USub):  # −a over b is read as −(a over b)
            return Piece(_row("<mo>−</mo>", f"<mfrac>{_piece(top.operand).xml}{under}</mfrac>"), SUM)
        return Piece(f"<mfrac>{_piece(top).xml}{under}</mfrac>", POWER)
    if isinstance(node.op, ast.Pow):
        return Piece(f"<msup>{_within(node.left, ATOM)}{_row(_piece(node.right).xml)}</msup>", POWER)
    if isinstance(node.op, ast.Mod):
        return Piece(_row(_within(node.left, POWER), "<mo>mod</mo>", _within(node.right, POWER)), PRODUCT)
    return Piece(_brackets(_condition(node), "[", "]"))


def _product(node: ast.BinOp) -> Piece:
    factors: list[ast.expr] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult):
        factors.insert(0, left.right)
        left = left.left
    factors.insert(0, left)
    first = factors[0]
    if isinstance(first, ast.UnaryOp) and isinstance(first.op, ast.USub):  # the sign of a product stands before it
        return Piece(_row("<mo>−</mo>", _times([first.operand, *factors[1:]]).xml), SUM)
    return _times(factors)


def _times(factors: list[ast.expr]) -> Piece:
    """A product: numbers first, as one writes 2x, and equal neighbours as a power."""
    numbers = [f for f in factors if _is_number(f)]
    runs: list[list[ast.expr]] = []
    for factor in (f for f in factors if not _is_number(f)):
        if runs and ast.dump(runs[-1][0]) == ast.dump(factor):
            runs[-1].append(factor)
        else:
            runs.append([factor])
    parts = [_piece(f).xml for f in numbers]
    for run in runs:
        # A sum sign reaches up to the end of a product, unless brackets stop it.
        ends = run is runs[-1] or not _is_call(run[0], "sum")
        part = _within(run[0], ATOM if len(run) > 1 else PRODUCT if ends else POWER)
        parts.append(part if len(run) == 1 else f"<msup>{part}<mn>{len(run)}</mn></msup>")
    signs = ["<mo>·</mo>"] * (len(parts) - 1)
    # Between a number and a name stands no sign, but the product is there for a screen reader.
    if len(numbers) == 1 and runs and isinstance(runs[0][0], ast.Name):
        signs[0] = "<mo>\N{INVISIBLE TIMES}</mo>"
    level = SUM if numbers and isinstance(numbers[0], ast.UnaryOp) else PRODUCT
    return Piece(_row(parts[0], *(sign + part for sign, part in zip(signs, parts[1:]))), level)


def _is_number(node: ast.expr) -> bool:
    """A number as it is written, with its sign; ln 2 counts as a name."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _is_number(node.operand)
    return isinstance(node, ast.Constant) and node.value not in CONSTANTS


def _condition(node: ast.expr) -> str:
    """Something that is true or false, without the bracket that makes a number of it."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, op, right = node.left, type(node.ops[0]), node.comparators[0]
        if isinstance(right, ast.Constant) and right.value is None:
            return _row(_piece(left).xml, _words(" is not given" if op is ast.Is else " is given"))
        if op in (ast.NotEq, ast.Eq) and ast.dump(left) == ast.dump(right):  # only NaN differs from itself
            return _row(_piece(left).xml, _words(" is NaN" if op is ast.NotEq else " is not NaN"))
        return _row(_within(left, SUM), f"<mo>{COMPARED[op]}</mo>", _within(right, SUM))
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitAnd, ast.BitOr)):
        word = " and " if isinstance(node.op, ast.BitAnd) else " or "
        return _row(_condition(node.left), _words(word), _condition(node.right))
    if isinstance(node, ast.BoolOp):
        word = _words(" and " if isinstance(node.op, ast.And) else " or ")
        return _row(word.join(_condition(value) for value in node.values))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Invert, ast.Not)):
        return _row(_words("not "), _condition(node.operand))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAID:
        return _row(_piece(node.args[0]).xml, _words(SAID[node.func.id]))
    return _piece(node).xml


SAID = {"isnan": " is NaN", "is_number": " is a number"}


def _cases(*cases: tuple[str, str]) -> Piece:
    """One line for each (value, words in which case)."""
    # A line in place of the brace: a brace grows with its lines only where a mathematical font is installed.
    cell = '<mtd style="text-align: left">'
    rows = "".join(f"<mtr>{cell}{value}</mtd>{cell}{when}</mtd></mtr>" for value, when in cases)
    line = "border-left: 2px solid; border-radius: 7px; border-collapse: separate; padding-left: 3px"
    return Piece(f'<mtable displaystyle="true" style="{line}">{rows}</mtable>', CASES)


def _either(test: ast.expr, yes: ast.expr, no: ast.expr) -> Piece:
    """A choice; a choice within the last case is one more line of the same list."""
    cases = []
    while True:
        cases.append((_piece(yes).xml, _row(_words("if "), _condition(test))))
        if isinstance(no, ast.IfExp):
            test, yes, no = no.test, no.body, no.orelse
        elif _is_call(no, "where"):
            test, yes, no = no.args
        else:
            return _cases(*cases, (_piece(no).xml, _words("otherwise")))


def _is_call(node: ast.expr, of: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == of


def _series(node: ast.ListComp | ast.GeneratorExp) -> Piece:
    loop = node.generators[0]
    if isinstance(node, ast.GeneratorExp) and isinstance(loop.iter, ast.Name):  # (-s for s in shifts) is −shifts
        variable = loop.target.id if isinstance(loop.target, ast.Name) else ""
        return _piece(_Renamed({variable: loop.iter}).visit(node.elt))
    each = "" if ast.unparse(loop.target) == "_" else _piece(loop.target).xml
    return Piece(_row(_piece(node.elt).xml, _words(" for each "), each, _words(" in " if each else "of "),
                      _piece(loop.iter).xml), CASES)  # fmt: skip


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, ast.expr]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.names.get(node.id, node)


# ---------------------------------------------------------------------------------------------------
# Calls


def _call(node: ast.Call) -> Piece:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
    sign = SIGNS.get(called)
    found = sign(node) if sign else None
    if found:
        return found
    if called in RAISE:
        return Piece(_words("none: backward raises an error"))
    inside = "<mo>,</mo>".join(_piece(argument).xml for argument in node.args)
    options = _options(node)
    head = f"<msub>{name(called)}{_row(options)}</msub>" if options else name(called)
    return Piece(_row(head, _brackets(inside)))


def _options(node: ast.Call) -> str:
    """The options of a call, as they stand below its name."""
    options = [given for given in node.keywords if given.arg not in LEFT_OUT]
    if len(options) > MANY:
        return _words("options")
    out = []
    for given in options:
        value = _piece(given.value).xml
        passed_on = isinstance(given.value, ast.Name) and given.value.id == given.arg
        out.append(value if passed_on or given.arg in ITS_VALUE_ONLY else f"<mi>{given.arg}</mi><mo>=</mo>{value}")
    return "<mo>,</mo>".join(out)


def _sum(node: ast.Call) -> Piece:
    sign, over = '<mo largeop="true">∑</mo>', _options(node)
    sign = f"<munder>{sign}{_row(over)}</munder>" if over else sign
    return Piece(_row(sign, _within(node.args[0], PRODUCT)), PRODUCT)


def _matrix_product(node: ast.Call) -> Piece:
    # Side by side, as matrices are multiplied; a product with · is one of elements, and gets brackets here.
    return Piece(_row(GAP.join(_within(a, POWER) for a in node.args)), PRODUCT)


def _transposed(node: ast.Call) -> Piece | None:
    if node.keywords and {k.arg: getattr(k.value, "value", None) for k in node.keywords} != {"dim0": 1, "dim1": 2}:
        return None
    return Piece(f"<msup>{_within(node.args[0], ATOM)}<mi>T</mi></msup>", POWER)


def _root(node: ast.Call) -> Piece:
    return Piece(f"<msqrt>{_piece(node.args[0]).xml}</msqrt>")


def _power_of_e(node: ast.Call) -> Piece | None:
    if any(_is_call(part, "where") for part in ast.walk(node)):
        return None  # too much for an exponent
    return Piece(f"<msup><mi>e</mi>{_row(_piece(node.args[0]).xml)}</msup>", POWER)


def _masked(node: ast.Call) -> Piece:
    x, mask, value = node.args
    return _either(mask, value, x)


def _function(sign: str) -> Callable[[ast.Call], Piece]:
    return lambda node: Piece(_row(f"<mi>{sign}</mi>", _brackets(_piece(node.args[0]).xml)))


def _as_it_is(node: ast.Call) -> Piece | None:
    return _piece(node.args[0]) if len(node.args) == 1 else None


SIGNS: dict[str, Callable[[ast.Call], Piece | None]] = {
    "exp": _power_of_e, "log": _function("ln"), "sqrt": _root, "sigmoid": _function("σ"), "sgn": _function("sign"),
    "rsqrt": lambda node: Piece(f"<mfrac><mn>1</mn>{_root(node).xml}</mfrac>", POWER),
    "abs": lambda node: Piece(_brackets(_piece(node.args[0]).xml, "|", "|")),
    "mm": _matrix_product, "bmm": _matrix_product, "mv": _matrix_product, "t": _transposed, "transpose": _transposed,
    "sum": _sum, "where": lambda node: _either(*node.args), "masked_fill": _masked,
    "zeros_like": lambda node: Piece("<mn>0</mn>"),
    "gate": lambda node: _cases((_piece(node.args[0]).xml, _row(_words("if "), _piece(node.args[1]).xml,
                                 "<mo>&gt;</mo><mn>0</mn>")), ("<mn>0</mn>", _words("otherwise"))),
    "step": lambda node: _cases(("<mn>1</mn>", _row(_words("if "), _piece(node.args[0]).xml,
                                 "<mo>&gt;</mo><mn>0</mn>")), (_options(node), _words("otherwise"))),
    "tuple": _as_it_is, "intact": _as_it_is, "like_type": lambda node: _piece(node.args[0]),
    "getattr": lambda node: _piece(node.args[0]), "isnan": lambda node: Piece(_brackets(_condition(node), "[", "]")),
    "logical_not": lambda node: Piece(_brackets(_row(_words("not "), _condition(node.args[0])), "[", "]")),
}  # fmt: skip

FORMS: dict[type, Callable[..., Piece]] = {
    ast.Name: lambda node: Piece(name(node.id)),
    ast.Constant: _constant,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.Compare: lambda node: Piece(_brackets(_condition(node), "[", "]")),
    ast.BoolOp: lambda node: Piece(_condition(node), CASES),
    ast.IfExp: lambda node: _either(node.test, node.body, node.orelse),
    ast.Tuple: lambda node: Piece(_brackets("<mo>,</mo>".join(_piece(x).xml for x in node.elts))),
    ast.ListComp: _series,
    ast.GeneratorExp: _series,
    ast.Call: _call,
}
