"""What a report says of several runs side by side: figures, tests, matrices, subjects, cost."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, Protocol

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.comparison import TESTS, Comparison, compare_runs
from dfrnet_keras.evaluation.folds import read_protocol
from dfrnet_keras.evaluation.run import Run
from dfrnet_keras.report.costs import Costs, costs_table
from dfrnet_keras.report.page import Html, note, table
from dfrnet_keras.report.pictures import confusion_picture
from dfrnet_keras.report.plots import (
    CONVERGENCE_WORDS,
    convergence_picture,
    cost_picture,
    subjects_picture,
)
from dfrnet_keras.report.sections import count_of, network_name

_OPTIMISTIC = '<br><span class="wrong">OPTIMISTIC</span>'
_VERDICTS = {None: "not defined", True: "significant", False: "not significant"}


class Published(Protocol):
    """A row that a paper prints; `smic`, `casme2` and `samm` may stand beside `full`."""

    @property
    def method(self) -> str: ...
    @property
    def full(self) -> tuple[float, float]: ...
    @property
    def source(self) -> str: ...
    @property
    def note(self) -> str: ...


def comparison(
    runs: Sequence[Run],
    names: Sequence[str],
    figures: Sequence[dict[str, Any]],
    *,
    published: Sequence[Published] = (),
    costs: Costs | None = None,
) -> str:
    """The part of a page above the single runs, as HTML.

    Args:
        runs, names, figures: The runs, what to call them, and their metrics.
        published: Rows of papers, which are marked as such and never tested against.
        costs: What is known of the costs of the runs.
    """
    parts = [_scores(runs, names, figures, published)]
    try:
        pairs = compare_runs(runs, names=names)
    except InputError as error:
        pairs = []
        parts.append(note(f"<strong>NOT COMPARED</strong> {escape(str(error))}", warm=True))
    if pairs:
        parts += ["<h2>Significant, or luck?</h2>", _tests(pairs)]
        if any(run.optimistic for run in runs) and not all(run.optimistic for run in runs):
            parts.append(note(
                "Some of these runs chose their epochs on the subjects that they are judged by. "
                "Against one that did not, a difference means nothing.", warm=True))  # fmt: skip
    costs = costs or Costs()
    parts += ["<h2>What each costs</h2>", costs_table(runs, names, figures, costs)]
    drawn, cost_name = costs.drawn
    judged = {i: cost for i, cost in drawn.items() if figures[i]["clips"]}
    if judged:
        points = [
            (names[i], cost, figures[i]["uf1"], figures[i]["interval"]["uf1"], runs[i].optimistic)
            for i, cost in sorted(judged.items())
        ]
        without = [name for i, name in enumerate(names) if i not in judged]
        left = f" Not on it, for want of that figure: {', '.join(without)}." if without else ""
        if published:
            left += " Published rows state no cost and are not on it."
        parts += [
            "<h2>Accuracy against cost</h2>",
            f'<figure class="row">{cost_picture(points, cost_name)}</figure>',
            f'<p class="soft">UF1 with its 95 % interval over subjects, against {escape(cost_name)}'
            f". Up and to the left is better.{escape(left)}</p>",
        ]
    curves = convergence_picture({name: run.folds for name, run in zip(names, runs, strict=True)})
    if curves:
        parts += [
            "<h2>How soon each learned</h2>",
            f'<figure class="row">{curves}</figure>',
            f'<p class="soft">{escape(CONVERGENCE_WORDS)}</p>',
        ]
    parts += ["<h2>Confusion matrices</h2>", _matrices(runs, names, figures)]
    if pairs:
        parts += ["<h2>Subject by subject</h2>", _subjects(names, figures)]
    return "\n".join(parts)


def _scores(
    runs: Sequence[Run],
    names: Sequence[str],
    figures: Sequence[dict[str, Any]],
    published: Sequence[Published],
) -> str:
    datasets = sorted({name for metrics in figures for name in metrics["datasets"]})
    datasets = datasets if len(datasets) > 1 else []
    rows, styles = [], []
    for number, (run, name, metrics) in enumerate(zip(runs, names, figures, strict=True), 1):
        words = ["OPTIMISTIC"] if run.optimistic else []
        words += [] if metrics["complete"] else ["incomplete"]
        marks = "".join(f'<br><span class="wrong">{word}</span>' for word in words)
        rows.append([
            Html(f'<a href="#run-{number}">{escape(name)}</a>{marks}'),
            Html(
                f"measured here: {escape(network_name(run))}<br>"
                f'<span class="soft">validation {escape(str(run.settings.get("validation")))}, '
                f"{count_of(len(metrics['seeds']), 'seed')}</span>"
            ),
            *[_with_interval(metrics, key) for key in ("uf1", "uar")],
            *[_pair(metrics["datasets"].get(dataset)) for dataset in datasets],
            metrics["clips"],
        ])  # fmt: skip
        styles.append("")
    for row in published:
        rows.append([
            # A paper's own row, on a page of others.
            "DFR-Net, its authors" if row.method == "Ours" else row.method,
            "published",
            *[f"{value:.4f}" for value in row.full],
            *[_printed(getattr(row, dataset, None)) for dataset in datasets],
            "",
        ])  # fmt: skip
        styles.append("faint")
    header = ["", "", "UF1", "UAR", *datasets, "clips"]
    caption = "UF1 and UAR pooled over all clips, with the 95 % interval over subjects"
    caption += "; of each dataset, UF1 above UAR." if datasets else "."
    shown = table(header, rows, numbers=range(2, 5 + len(datasets)), caption=caption, styles=styles)
    protocols = {str(run.settings.get("protocol")) for run in runs}
    if len(protocols) == 1:
        shown += f'<p class="soft">Protocol: {escape(protocols.pop())}.</p>'
    else:
        shown += note(f"The protocols differ: {escape('; '.join(sorted(protocols)))}.", warm=True)
    if published:
        shown += _sources(published, runs)
    judged = {
        frozenset((row.dataset, row.subject, row.clip, row.label) for row in run.predictions)
        for run in runs
    }
    if len(judged) > 1:
        shown += note("These runs were not judged on the same clips: their figures cannot be "
                      "compared as they stand.", warm=True)  # fmt: skip
    return shown


def _sources(published: Sequence[Published], runs: Sequence[Run]) -> str:
    lines = "".join(
        f"<li>{escape(row.method)}: {escape(row.source)}."
        f"{f' {escape(row.note)}' if row.note else ''}</li>"
        for row in published
    )
    words = (
        "<strong>Published</strong> rows are what papers print: nobody ran them here, how their "
        "epochs were chosen is often not stated, and no test against them is possible."
    )
    if any(read_protocol(str(run.settings.get("protocol")))[0] != "composite" for run in runs):
        words += " They are of the composite protocol, which is not that of every run above."
    return note(f"{words}<details><summary>Sources</summary><ul>{lines}</ul></details>")


def _tests(pairs: Sequence[Comparison]) -> str:
    """One row a pair, one column a test: the verdict first, then what it rests on."""
    rows = []
    for pair in pairs:
        cells = [Html(f"{escape(pair.first)}<br>against {escape(pair.second)}")]
        for test in TESTS:
            result = getattr(pair, test)
            if test == "mcnemar":
                odds = f"<br>odds {result.odds_ratio:.2f}" if result.odds_ratio is not None else ""
                effect = f"{result.first_only} : {result.second_only} clips{odds}"
            else:
                effect = f"{result.difference:+.4f}"
                if result.low is not None:
                    effect += f" ({result.low:.3f} to {result.high:.3f})"
            if test == "t_test" and result.d_z is not None:
                effect += f"<br>d_z {result.d_z:.2f}"
            p = pair.corrected[test]
            words = "" if p is None else ", p &lt; 0.001" if p < 0.001 else f", p = {p:.3f}"
            verdict = pair.significant(test)
            shown = f"<strong>{_VERDICTS[True]}</strong>" if verdict else _VERDICTS[verdict]
            cells.append(Html(f"{shown}{words}<br>{effect}"))
        rows.append(cells)
    caption = "Differences are the first less the second; p below 0.05 is called significant" + (
        f", p corrected by Holm over {len(pairs)} pairs." if len(pairs) > 1 else "."
    )
    caption += (
        " UF1 and UAR: paired bootstrap over subjects. McNemar: over the clips that only one of "
        "the two has right. t-test: paired, over subjects, of the share of clips that are right."
    )
    header = ["", "UF1", "UAR", "McNemar", "t-test"]
    return table(header, rows, caption=caption)


def _matrices(runs: Sequence[Run], names: Sequence[str], figures: Sequence[dict[str, Any]]) -> str:
    shown = [
        f'<figure class="matrix"><figcaption><strong>{escape(name)}</strong> '
        f"{count_of(metrics['clips'], 'clip')}"
        f"{', summed over seeds' if len(metrics['seeds']) > 1 else ''}"
        f"{_OPTIMISTIC if run.optimistic else ''}</figcaption>"
        f"{confusion_picture(metrics['confusion_matrix'], metrics['classes'])}</figure>"
        for run, name, metrics in zip(runs, names, figures, strict=True)
        if metrics["clips"]
    ]
    return f'<div class="figures">{"".join(shown)}</div>'


def _subjects(names: Sequence[str], figures: Sequence[dict[str, Any]]) -> str:
    """For each other run: on which subjects the first has more clips right, and on which fewer."""
    first = {(one["dataset"], one["subject"]): one for one in figures[0]["subjects"]}
    parts = []
    for name, metrics in zip(names[1:], figures[1:], strict=True):
        differences = [
            (f"{one['dataset']} / {one['subject']}",
             first[one["dataset"], one["subject"]]["right"] - one["right"], one["clips"])
            for one in metrics["subjects"]
        ]  # fmt: skip
        more = [difference for _, difference, _ in differences if difference > 1e-9]
        fewer = [difference for _, difference, _ in differences if difference < -1e-9]
        alike = len(differences) - len(more) - len(fewer)
        parts.append(
            f"<h3>{escape(names[0])} against {escape(name)}</h3>"
            f"<p>{sum(more):.4g} clips more right on {count_of(len(more), 'subject')}, "
            f"{-sum(fewer):.4g} fewer on {count_of(len(fewer), 'subject')}, "
            f"as many on {alike}.</p>"
        )
        parts.append(f'<figure class="row">{subjects_picture(differences)}</figure>')
        ordered = sorted(differences, key=lambda one: -one[1])
        rows = [[person, f"{difference:+.4g}", clips] for person, difference, clips in ordered]
        shown = table(["subject", "difference", "clips"], rows, numbers=[1, 2])
        shown = f'<div class="columns">{shown}</div>' if len(rows) > 20 else shown
        parts.append(f"<details><summary>{count_of(len(rows), 'subject')}</summary>{shown}"
                     "</details>")  # fmt: skip
    return "\n".join(parts)


def _with_interval(metrics: dict[str, Any], key: str) -> Html:
    if metrics[key] is None:
        return Html("none")
    low, high = metrics["interval"][key]
    interval = f'<br><span class="soft">{low:.3f} to {high:.3f}</span>' if low is not None else ""
    return Html(f"{metrics[key]:.4f}{interval}")


def _pair(metrics: dict[str, Any] | None) -> Html:
    return _printed((metrics["uf1"], metrics["uar"]) if metrics else None)


def _printed(pair: tuple[float, float] | None) -> Html:
    return Html(f'{pair[0]:.4f}<br><span class="soft">{pair[1]:.4f}</span>' if pair else "")
