"""The parts that a report page is put together from: its style, tables, lists, notes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import quote

# Behind the figures of an optimistic run, so that no part of them can be cut out without it.
_WATERMARK = (
    "<svg xmlns='http://www.w3.org/2000/svg' width='560' height='340'><text x='280' y='190' "
    "text-anchor='middle' transform='rotate(-24 280 170)' font-family='sans-serif' "
    "font-size='64' font-weight='700' letter-spacing='6' fill='#b3541e' fill-opacity='.1'>"
    "OPTIMISTIC</text></svg>"
)

_STYLE = """
:root { --ink: #1f2430; --soft: #667085; --line: #e3e5ea; --blue: #2f6299; --warm: #b3541e; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: #fff; color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 66rem; margin: 0 auto; padding: 2.5rem 1.25rem 5rem; }
h1 { font-size: 2rem; line-height: 1.2; letter-spacing: -.015em; margin: 0 0 .35rem;
  overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; letter-spacing: -.01em; margin: 3rem 0 .75rem; }
h3 { font-size: 1rem; margin: 2rem 0 .5rem; }
p { margin: .5rem 0; max-width: 44rem; }
a { color: var(--blue); }
code, pre { font: .84rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
code { overflow-wrap: anywhere; }
pre { background: #f6f7f9; border: 1px solid var(--line); border-radius: 6px; padding: .75rem 1rem;
  white-space: pre-wrap; overflow-wrap: anywhere; margin: .5rem 0 1rem; }
.soft, figcaption, caption { color: var(--soft); }
.lead { font-size: 1.05rem; color: var(--soft); margin: 0; }
.note { border-left: 4px solid var(--blue); background: #f2f6fb; padding: .7rem 1rem;
  margin: 1.25rem 0; max-width: none; border-radius: 0 6px 6px 0; }
.note.warm { border-color: var(--warm); background: #fdf3ec; }
.note.warm strong { color: var(--warm); letter-spacing: .03em; }
.note ul { margin: .4rem 0 0; padding-left: 1.2rem; }
section.run > h2:first-child { font-size: 1.7rem; margin-bottom: .35rem; }
section.run + section.run { border-top: 2px solid var(--ink); margin-top: 4rem; padding-top: 3rem; }
.scroll { overflow-x: auto; margin: .5rem 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .94rem; }
caption { text-align: left; font-size: .88rem; padding-bottom: .4rem; }
th, td { text-align: left; padding: .38rem 1.1rem .38rem 0; border-bottom: 1px solid var(--line);
  vertical-align: baseline; white-space: nowrap; }
td.text { white-space: normal; min-width: 9rem; }
thead th { font-weight: 600; font-size: .84rem; color: var(--soft); border-color: #c9ced8; }
tbody th { font-weight: 400; }
tr.strong > * { font-weight: 650; }
tr.faint > * { color: var(--soft); }
.number { text-align: right; }
table.dense { font-size: .78rem; }
.dense th, .dense td { padding-right: .55rem; white-space: normal; }
.dense thead th { font-size: .74rem; vertical-align: bottom; }
.dense td.number { white-space: nowrap; }
dl.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .3rem 1.5rem;
  margin: .5rem 0; font-size: .94rem; }
dl.facts dt { color: var(--soft); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
.headline { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr));
  gap: 1.25rem; margin: 1.75rem 0 1rem; }
.headline > div { border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.25rem 1.1rem; }
.headline .name { font-size: .88rem; color: var(--soft); }
.headline .value { font-size: 2.6rem; line-height: 1.15; font-weight: 650; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; }
.headline .value small { font-size: 1rem; font-weight: 400; color: var(--soft); letter-spacing: 0; }
.headline .words { font-size: .88rem; color: var(--soft); }
.scale { position: relative; height: 14px; margin: .9rem 0 .6rem; border-radius: 7px;
  background: #eceef2; }
.scale i { position: absolute; top: 0; bottom: 0; }
.scale .band { background: #a9c4e0; border-radius: 7px; }
.scale .point { width: 4px; margin-left: -2px; top: -4px; bottom: -4px; background: var(--blue);
  border-radius: 2px; }
.scale .floor { width: 0; border-left: 2px dotted var(--ink); top: -4px; bottom: -4px; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(14.5rem, 1fr));
  gap: 1.5rem 1.25rem; }
figure { margin: 0; }
figure img, figure svg { display: block; max-width: 100%; height: auto; }
figcaption { font-size: .88rem; margin-bottom: .35rem; }
figcaption strong { color: var(--ink); }
.matrix { max-width: 19rem; }
figure.row { display: flex; flex-wrap: wrap; gap: .5rem 1rem; margin: 1rem 0 1.25rem; }
.share { display: inline-block; width: 7rem; height: .55rem; border-radius: 3px;
  background: #eceef2; overflow: hidden; }
.share i { display: block; height: 100%; background: var(--blue); }
details > summary { cursor: pointer; color: var(--blue); margin: .5rem 0; }
.columns { columns: 22rem; column-gap: 3rem; }
.columns .scroll { overflow: visible; }
.columns table { width: 100%; }
.columns tr { break-inside: avoid; }
.card { border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem 1rem;
  margin: 0 0 1rem; background: #fff; display: flex; flex-wrap: wrap; gap: .6rem 1.5rem; }
.card .words { flex: 0 1 16rem; min-width: 0; }
.card p { margin: 0; font-size: .94rem; max-width: none; overflow-wrap: anywhere; }
.card .maps { display: flex; flex-wrap: wrap; gap: .7rem; }
.card figcaption { font-size: .8rem; margin: .2rem 0 0; }
.card img { width: 8rem; height: 8rem; border-radius: 4px; }
.card img.coarse { image-rendering: pixelated; }
.wrong { color: var(--warm); font-weight: 600; }
.true { font-weight: 600; }
@media (max-width: 34rem) {
  main { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.55rem; }
  th, td { padding-right: .75rem; }
  tbody th { white-space: normal; min-width: 8rem; }
  .share { width: 3.5rem; }
  dl.facts { grid-template-columns: 1fr; gap: 0; }
  dl.facts dd { margin-bottom: .5rem; }
  .card .words { flex-basis: 100%; }
  .card .maps { gap: .5rem; }
  .card img { width: 5.6rem; height: 5.6rem; }
}
@media print { .card, figure, tr { break-inside: avoid; } details { display: block; } }
"""


def page(title: str, body: str) -> str:
    """A whole HTML document; `title` is text, `body` is HTML.

    Sections of the class `watermark` have the word "optimistic" behind them.
    """
    style = _STYLE
    if ' watermark"' in body:
        style += (
            f'.watermark {{ background-image: url("data:image/svg+xml,{quote(_WATERMARK)}"); }}\n'
        )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of names and values; names are text, values are HTML. Empty values are left out."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{value}</dd>\n" for name, value in pairs if value)
    return f'<dl class="facts">\n{rows}</dl>'


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Iterable[int] = (),
    texts: Iterable[int] = (),
    styles: Sequence[str] = (),
    caption: str = "",
    dense: bool = False,
) -> str:
    """A table whose first column names the rows.

    Args:
        header: Names of the columns, text.
        rows: Cells, text; a cell that is an `Html` is taken as it is.
        numbers: Columns that are aligned to the right.
        texts: Columns whose cells may be broken into lines.
        styles: A class for each row: `"strong"`, `"faint"` or nothing.
        caption: Text above the table.
        dense: Small, with names broken into lines, so that many columns fit the page.
    """
    numbers, texts = set(numbers), set(texts)

    def kind(column: int) -> str:
        name = "number" if column in numbers else "text" if column in texts else ""
        return f' class="{name}"' if name else ""

    head = "".join(
        f'<th scope="col"{kind(column)}>{escape(name)}</th>' for column, name in enumerate(header)
    )
    lines = []
    for number, row in enumerate(rows):
        style = styles[number] if number < len(styles) else ""
        cells = [
            f'<th scope="row">{_cell(value)}</th>'
            if column == 0
            else f"<td{kind(column)}>{_cell(value)}</td>"
            for column, value in enumerate(row)
        ]
        lines.append(f'<tr class="{style}">' if style else "<tr>")
        lines.append("".join(cells) + "</tr>\n")
    kind_of_table = ' class="dense"' if dense else ""
    above = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="scroll"><table{kind_of_table}>{above}<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{''.join(lines)}</tbody></table></div>"
    )


class Html(str):
    """Text that is HTML already: `table` does not escape it again."""

    __slots__ = ()


def note(words: str, *, warm: bool = False) -> str:
    """A remark set off from the text; `words` is HTML."""
    return f'<div class="note{" warm" if warm else ""}" role="note">{words}</div>'


def scale(value: float, low: float | None, high: float | None, floor: float) -> str:
    """A bar from 0 to 1 with the interval, the value and the floor."""

    def place(number: float) -> str:
        return f"{100 * min(max(number, 0.0), 1.0):.2f}%"

    band = ""
    if low is not None and high is not None:
        band = f'<i class="band" style="left:{place(low)};width:{place(high - low)}"></i>'
    return (
        f'<div class="scale" aria-hidden="true">{band}'
        f'<i class="floor" style="left:{place(floor)}"></i>'
        f'<i class="point" style="left:{place(value)}"></i></div>'
    )


def share(part: float) -> Html:
    """A small bar, filled from 0 to 1."""
    return Html(f'<span class="share"><i style="width:{100 * part:.0f}%"></i></span>')


def _cell(value: object) -> str:
    return value if isinstance(value, Html) else escape(str(value))
