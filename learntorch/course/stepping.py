"""`step`: the walk backward, one node at a time, as a picture with a panel that can be stepped through.

Read in chapter 03. It shows a recorded walk (see tracing.py), so stepping back and forth computes nothing again.
Where widgets do not run, the whole walk stands there as a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from .tracing import Part, Step, trace
from .walking import Picture, brief, corner, title
from .widgets import Playable

SPEEDS = {"slow": 2500, "normal": 1200, "fast": 400}  # milliseconds for one step
HEAD = ("step", "node", "g arrives", "formula, as written", "passes on", "to", "there so far")


def step(tensor: Any, gradient: Any = None, *, names: Mapping[str, Any] | None = None) -> Stepper:
    """Step through the walk backward from `tensor`, node by node, in the order of the engine.

    The walk really runs, hooks of yours included, but no `.grad` changes and nothing is freed. A tensor that is
    no scalar needs the `gradient` to start with. `names={"w": w}` labels leaves and results.

    Raises:
        RuntimeError: "step() needs a tensor with a recorded graph: …", or what backward() would raise.
        ValueError: "step() walks through at most 200 nodes …"

    >>> import learntorch as torch
    >>> w = torch.tensor(3.0, requires_grad=True)
    >>> step(w * w, names={"w": w}).sentence(1)
    'Step 1 of 2. MulBackward0 has received 1. It passes 3 on to w, then 3 to w (6 there so far).'
    """
    return Stepper(tensor, gradient, names)


class Stepper(Playable):
    """A recorded walk backward: `trace` holds its tensors, and a notebook shows it step by step."""

    def __init__(self, tensor: Any, gradient: Any = None, names: Mapping[str, Any] | None = None) -> None:
        self.trace = trace(tensor, gradient, names)
        self.picture = Picture(self.trace)

    def __len__(self) -> int:
        return len(self.trace.steps)

    # In words ────────────────────────────────────────────────────────────────────────────────────

    def label(self, place: int) -> str:
        """What a place is called, and when it is visited: 'AddBackward0 (step 2)', 'w (step 4)'."""
        it, turn = self.trace.places[place], self.trace.turn.get(place)
        name = title(it) if it.kind == "leaf" else it.name
        return f"{name} (step {turn})" if turn else f"{name} (not visited)"

    def sentence(self, k: int) -> str:
        """What happens in step `k`, counted from 1."""
        one = self.trace.steps[k - 1]
        start = f"Step {k} of {len(self)}. "
        got = _received(one)
        if not self._is_operation(one):
            name = title(self.trace.places[one.place])
            return f"{start}At {name}, {got} has arrived. {self._kept(one)}"
        name = self.trace.places[one.place].name
        sent = [part for part in one.parts if part.gradient is not None]
        if not sent:
            return f"{start}{name} has received {got}. It passes nothing on."
        words = []
        for part in sent:
            more = "" if part.total is part.gradient else f" ({brief(part.total)} there so far)"
            it = self.trace.places[part.place]
            where = title(it) if it.kind == "leaf" else self.label(part.place)
            words.append(f"{brief(part.gradient)}{'' if words else ' on'} to {where}{more}")
        return f"{start}{name} has received {got}. It passes {', then '.join(words)}."

    def _is_operation(self, one: Step) -> bool:
        return self.trace.places[one.place].kind == "operation"

    def _kept(self, one: Step) -> str:
        """What becomes of the gradient of a leaf."""
        if one.after is one.before:
            return "It no longer requires grad, so nothing is kept."
        if one.before is None:
            return f"Its .grad becomes {brief(one.after)}."
        return f"Its .grad was {brief(one.before)} and becomes {brief(one.after)}."

    def rows(self, k: int) -> list[tuple[str, ...]]:
        """Step `k` as rows of a table, one for each input that a gradient goes to: see HEAD."""
        one = self.trace.steps[k - 1]
        start = (str(k), self.trace.places[one.place].name, _received(one))
        if not self._is_operation(one):
            name = title(self.trace.places[one.place])
            if one.after is one.before:
                return [(str(k), name, _received(one), "not kept", "", "", "")]
            sign = "=" if one.before is None else "+="
            return [(str(k), name, _received(one), f".grad {sign} g", "", "", f".grad {brief(one.after)}")]
        sent = [part for part in one.parts if part.gradient is not None]
        return [
            (*(start if i == 0 else ("", "", "")), _formula(part), brief(part.gradient), self.label(part.place),
             brief(part.total))
            for i, part in enumerate(sent)
        ] or [(*start, "nothing to pass on", "", "", "")]  # fmt: skip

    # Where widgets do not run ────────────────────────────────────────────────────────────────────

    def static(self) -> dict[str, str]:
        """The picture at the end of the walk, and the whole walk as a table."""
        n = len(self)
        rows = [(k, row) for k in range(1, n + 1) for row in self.rows(k)]
        return {"text/plain": _aligned([HEAD, *(row for _, row in rows)]), "text/html": self._page(n)}

    def _page(self, n: int) -> str:
        words = "The graph, with the gradient that has arrived at each node. " + " ".join(
            self.sentence(k) for k in range(1, n + 1)
        )
        body = "".join(self._table_rows(k) for k in range(1, n + 1))
        return (
            f'{STYLE}<div class="lt-step">{self.picture.svg(n + 1, words)}'
            f'<div class="lt-scroll" tabindex="0" role="region" aria-label="The walk backward, as a table">'
            f"<table><caption>The walk backward, step by step</caption><thead><tr>{_heads(HEAD)}</tr></thead>"
            f"<tbody>{body}</tbody></table></div></div>"
        )

    def _table_rows(self, k: int) -> str:
        rows = self.rows(k)
        sent = [part for part in self.trace.steps[k - 1].parts if part.gradient is not None]
        span = f' rowspan="{len(rows)}"' if len(rows) > 1 else ""
        out = []
        for i, (number, node, arrives, formula, passes, to, total) in enumerate(rows):
            first = ""
            if i == 0:
                first = f'<th scope="row"{span}>{number}</th><td{span}>{escape(node)}</td>'
                first += f"<td{span}>{escape(arrives)}</td>"
            more = _corner(sent[i].gradient) if sent else ""
            out.append(
                f"<tr{_first(i)}>{first}<td><code>{escape(formula)}</code></td><td>{escape(passes)}{more}</td>"
                f"<td>{escape(to)}</td><td>{escape(total)}</td></tr>"
            )
        return "".join(out)

    # Where they do ───────────────────────────────────────────────────────────────────────────────

    def scene(self, k: int) -> str:
        """The picture at step `k`, as HTML."""
        return f'{STYLE}<div class="lt-step">{self.picture.svg(k, self.sentence(k), window=True)}</div>'

    def panel(self, k: int) -> str:
        """The current node, its formulas, and what has arrived at the leaves, as HTML."""
        one = self.trace.steps[k - 1]
        # A region that is put in anew is read out only as an alert; polite, it waits for its turn.
        said = f'<p role="alert" aria-live="polite">{escape(self.sentence(k))}</p>'
        received = [f'<tr><th scope="row">{word}</th><td>{value}</td></tr>' for word, value in self._known(one)]
        out = [said, f'<table class="lt-known"><caption>Known here</caption><tbody>{"".join(received)}</tbody></table>']
        if one.parts:
            rows = "".join(self._part_row(part) for part in one.parts)
            heads = _heads(("input", "formula, as written", "passes on", "to", "there so far"))
            name = escape(self.trace.places[one.place].name)
            out.append(f"<table><caption>{name}: one formula for each input</caption>"
                       f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>")  # fmt: skip
        out.append(self._leaves(k))
        said, *tables = out
        return f'<div class="lt-step">{said}<div class="lt-panel">{"".join(tables)}</div></div>'

    def _known(self, one: Step) -> list[tuple[str, str]]:
        """What the formulas may name: the incoming gradient, and what was saved."""
        several = len(one.incoming) > 1
        rows = []
        for i, g in enumerate(one.incoming):
            name = f"g[{i}], incoming" if several else "g, incoming"
            rows.append((name, "nothing" if g is None else escape(brief(g)) + _corner(g)))
        rows += [(f"{escape(name)}, saved", escape(brief(value))) for name, value in one.saved.items()]
        if not self._is_operation(one):
            rows.append((".grad before", "None" if one.before is None else escape(brief(one.before))))
            rows.append((".grad after", "None" if one.after is None else escape(brief(one.after)) + _corner(one.after)))
        return rows

    def _part_row(self, part: Part) -> str:
        if part.gradient is None:
            cells = ("not needed", "", "")
        else:
            passes = escape(brief(part.gradient)) + _corner(part.gradient)
            cells = (passes, escape(self.label(part.place)), escape(brief(part.total)))
        formula = f"<td><code>{escape(part.formula)}</code>{_note(part)}</td>"
        return (
            f'<tr><th scope="row">{escape(part.name)}</th>{formula}' + "".join(f"<td>{c}</td>" for c in cells) + "</tr>"
        )

    def _leaves(self, k: int) -> str:
        """What has arrived for each leaf, and its `.grad` once the walk has come to it."""
        arrived, rows = self.trace.arrived(k), []
        for i, place in enumerate(self.trace.places):
            if place.kind != "leaf" or i not in self.trace.turn:
                continue
            turn = self.trace.turn[i]
            one = self.trace.steps[turn - 1]
            grad = one.after if turn <= k else one.before
            cells = (brief(arrived[i]) if i in arrived else "nothing yet", "None" if grad is None else brief(grad))
            here = ' class="lt-now"' if turn == k else ""
            rows.append(f'<tr{here}><th scope="row">{escape(self.label(i))}</th>'
                        + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")  # fmt: skip
        heads = _heads(("leaf", "has arrived so far", ".grad"))
        return (
            f"<table><caption>The leaves</caption><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        )

    def widget(self) -> Any:
        """The picture and the panel, with buttons, a slider and a speed."""
        import ipywidgets as w

        n = len(self)
        scene, panel = w.HTML(), w.HTML()
        slider = w.IntSlider(1, min=1, max=n, description="Step", layout=w.Layout(width="420px"))
        # Its own face is icons without words. It is the clock only, and is not shown.
        clock = w.Play(1, min=1, max=n, interval=SPEEDS["normal"], layout=w.Layout(display="none"))
        speed = w.Dropdown(options=SPEEDS, value=clock.interval, description="Speed", layout=w.Layout(width="180px"))

        def button(word: str, icon: str, act: Any) -> Any:
            made = w.Button(description=word, icon=icon, layout=w.Layout(width="auto"))
            made.on_click(lambda _: act())
            return made

        def show(change: Any = None) -> None:
            scene.value, panel.value = self.scene(slider.value), self.panel(slider.value)

        def go(k: int) -> None:
            clock.playing = False
            slider.value = min(max(k, 1), n)

        def toggle() -> None:
            if not clock.playing and slider.value == n:
                slider.value = 1
            clock.playing = not clock.playing

        def face(change: Any) -> None:
            play.description, play.icon = ("Pause", "pause") if clock.playing else ("Play", "play")

        play = button("Play", "play", toggle)
        buttons = [
            button("First", "fast-backward", lambda: go(1)),
            button("Back", "step-backward", lambda: go(slider.value - 1)),
            button("Forward", "step-forward", lambda: go(slider.value + 1)),
            button("Last", "fast-forward", lambda: go(n)),
            play,
        ]
        w.link((clock, "value"), (slider, "value"))
        w.link((speed, "value"), (clock, "interval"))
        slider.observe(show, "value")
        clock.observe(face, "playing")
        show()
        controls = w.HBox([*buttons, speed], layout=w.Layout(flex_flow="row wrap"))
        return w.VBox([controls, slider, scene, panel, clock])


def _received(one: Step) -> str:
    words = ["nothing" if g is None else brief(g) for g in one.incoming]
    return "; ".join(words)


def _formula(part: Part) -> str:
    return f"{part.name}: {part.formula}" + (f", {part.note}" if part.note else "")


def _note(part: Part) -> str:
    return f"<br>then {escape(part.note)}: broadcasting undone" if part.note else ""


def _corner(g: Any) -> str:
    text = "" if g is None else corner(g)
    return f"<pre>{escape(text)}</pre>" if text else ""


def _heads(words: tuple[str, ...]) -> str:
    return "".join(f'<th scope="col">{escape(word)}</th>' for word in words)


def _first(i: int) -> str:
    return ' class="lt-first"' if i == 0 else ""


def _aligned(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("─" * width for width in widths), *lines[1:]])


# The colours are JupyterLab's own, so they hold in its light and in its dark themes. The class
# is named twice to come before JupyterLab's own rules for tables and code.
STYLE = """<style>
.lt-step.lt-step { color: var(--jp-content-font-color1, #212121); font-size: 13px; line-height: 1.45 }
.lt-step.lt-step svg { max-width: 100%; height: auto }
.lt-step.lt-step .lt-scroll { overflow-x: auto }
.lt-step.lt-step p { margin: 4px 0 8px; font-size: 14px }
.lt-step.lt-step table { border-collapse: collapse; margin: 6px 0 12px; font-size: 13px; border: none;
  table-layout: auto }
.lt-step.lt-step caption { text-align: left; font-weight: 600; padding: 2px 0; color: inherit }
.lt-step.lt-step tr, .lt-step.lt-step tbody tr:nth-child(odd), .lt-step.lt-step tbody tr:nth-child(even) {
  background: none }
.lt-step.lt-step th, .lt-step.lt-step td { text-align: left; vertical-align: top; padding: 3px 12px 3px 0;
  max-width: none; border: none; border-top: 1px solid var(--jp-border-color2, #e0e0e0); color: inherit }
.lt-step.lt-step thead th { font-weight: 600; border-top: none }
.lt-step.lt-step tbody th { font-weight: 600 }
.lt-step.lt-step td > code, .lt-step.lt-step pre {
  font: 12px/1.4 var(--jp-code-font-family, Menlo, Consolas, monospace);
  margin: 0; padding: 0; background: none; color: inherit; border: none; text-align: left }
.lt-step.lt-step pre { white-space: pre }
.lt-step.lt-step td code { display: inline-block; white-space: pre-wrap; max-width: 30em; vertical-align: baseline }
.lt-step.lt-step .lt-panel { display: flex; flex-wrap: wrap; gap: 0 36px; align-items: flex-start }
.lt-step.lt-step .lt-now th::before { content: "▶ " }
</style>
"""
