"""`dfr-keras compare`: is one run better than another, or was it luck?"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dfrnet_keras.cli import options as shared
from dfrnet_keras.cli.console import console, print_table

if TYPE_CHECKING:
    from dfrnet_keras.evaluation import Run
    from dfrnet_keras.evaluation.comparison import Comparison

_VERDICTS = {None: "", True: "significant", False: "not significant"}


@click.command()
@click.argument("runs", nargs=-1, required=True, type=shared.PATH, metavar="RUN...")
@click.option("--all-pairs", is_flag=True, help="Compare every pair, not the first run with each "
              "of the others alone.")  # fmt: skip
@click.option("--samples", type=click.IntRange(100), default=10000, show_default=True,
              help="Draws of the bootstrap.")  # fmt: skip
@click.option("--json", "form", flag_value="json", help="Print everything as JSON.")
@click.option("--csv", "form", flag_value="csv", help="Print one line a pair and test.")
@click.option("--markdown", "form", flag_value="markdown", help="Print the tables as Markdown.")
def compare(runs: tuple[Path, ...], all_pairs: bool, samples: int, form: str | None) -> None:
    """Compare the first RUN with each of the others, over the same clips and folds.

    Prints the difference of UF1 and of UAR with a paired bootstrap over subjects, McNemar's test
    over clips and a paired t-test over subjects, each with its effect size; p is corrected by Holm
    where there are several pairs. "Significant" is a corrected p below 0.05. With several seeds the
    bootstrap and the t-test take the mean over seeds, McNemar the class of the highest mean
    probability. Runs over other clips or folds are refused.
    """
    from dfrnet_keras.evaluation import open_run
    from dfrnet_keras.evaluation.comparison import LEVEL, compare_runs, names_of

    opened = [open_run(run) for run in runs]
    found = compare_runs(opened, all_pairs=all_pairs, samples=samples)
    about = [_about(name, run) for name, run in zip(names_of(opened), opened, strict=True)]
    if form == "json":
        content = {"level": LEVEL, "runs": about, "pairs": [pair.as_dict() for pair in found]}
        click.echo(json.dumps(content, indent=1))
    elif form == "csv":
        rows = [row for pair in found for row in _rows(pair)]
        writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)  # what is None becomes an empty field
    elif form == "markdown":
        click.echo(_markdown(about, found))
    else:
        _print(about, found)


def _about(name: str, run: Run) -> dict[str, Any]:
    figures = run.metrics()
    keys = ("uf1", "uar", "validation", "optimistic", "complete", "clips", "protocol")
    return {
        "run": name,
        "network": str(run.settings["learner"].get("name", "learner")),
        **{key: figures[key] for key in keys},
        "subjects": len(figures["subjects"]),
        "seeds": len(figures["seeds"]),
    }


def _rows(pair: Comparison) -> list[dict[str, Any]]:
    """One row a test; `value` is the effect, with its interval."""
    rows = []
    for test, words, unit in (
        ("uf1", "UF1", "subjects"),
        ("uar", "UAR", "subjects"),
        ("mcnemar", "McNemar", "clips"),
        ("t_test", "t-test", "subjects"),
    ):
        result = getattr(pair, test)
        odds = test == "mcnemar"
        rows.append({
            "first": pair.first, "second": pair.second, "test": words, "unit": unit,
            "measure": "odds ratio" if odds else "difference",
            "value": result.odds_ratio if odds else result.difference,
            "low": result.low, "high": result.high, "d_z": getattr(result, "d_z", None),
            "p": result.p, "p_holm": pair.corrected[test], "significant": pair.significant(test),
        })  # fmt: skip
    return rows


def _table(pair: Comparison, *, several: bool) -> tuple[list[str], list[list[str]]]:
    """Header and lines of one pair; p by Holm stands in it where there are several pairs."""
    header = ["", "effect", "95 % interval", "p", *(["Holm"] if several else []), ""]
    lines = []
    for row in _rows(pair):
        odds = row["measure"] == "odds ratio"
        effect = "odds ∞" if odds else ""
        if row["value"] is not None:
            effect = f"odds {row['value']:.2f}" if odds else f"{row['value']:+.4f}"
        elif row["low"] is None:
            effect = "no difference"
        if row["d_z"] is not None:
            effect += f", d_z {row['d_z']:.2f}"
        interval = ""
        if row["low"] is not None:
            ends = ("∞" if end is None else f"{end:.{2 if odds else 3}f}"
                    for end in (row["low"], row["high"]))  # fmt: skip
            interval = " to ".join(ends)
        chances = [_p(row[key]) for key in ("p", *(["p_holm"] if several else []))]
        lines.append([row["test"], effect, interval, *chances, _VERDICTS[row["significant"]]])
    return header, lines


def _p(value: float | None) -> str:
    if value is None:
        return "not defined"
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _summary(found: Sequence[Comparison]) -> list[str]:
    """As papers say it: for each figure, from which runs the first differs significantly."""
    lines = []
    for first in dict.fromkeys(pair.first for pair in found):
        for test in ("uf1", "uar"):
            words = []
            for verdict in (True, False):
                others = [
                    pair.second
                    for pair in found
                    if pair.first == first and pair.significant(test) is verdict
                ]
                if others:
                    words.append(f"{_VERDICTS[verdict]} against {', '.join(others)}")
            if words:
                lines.append(f"{test.upper()} of {first}: {'; '.join(words)}.")
    return lines


def _remarks(about: Sequence[dict[str, Any]]) -> list[str]:
    remarks = []
    optimistic = [run["run"] for run in about if run["optimistic"]]
    if optimistic:
        mixed = "; against a run that did not do so, a difference means nothing"
        remarks.append(
            f"OPTIMISTIC: the epochs of {', '.join(optimistic)} were chosen on the very subjects "
            f"that are tested{mixed if len(optimistic) < len(about) else ''}."
        )
    if not all(run["complete"] for run in about):
        remarks.append("Incomplete: this compares the folds that are done in all of the runs.")
    if any(run["seeds"] > 1 for run in about):
        remarks.append(
            "Figures are means over seeds, and intervals are about other persons, not other seeds."
        )
    remarks.append(
        "UF1, UAR: paired bootstrap over subjects. McNemar: over clips, taken for independent, "
        "which those of one subject are not. t-test: paired, over subjects, of the share of each "
        "one's clips that are right. p below 0.05 is called significant, by Holm where there are "
        "several pairs."
    )
    return remarks


def _runs_table(about: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    header = ["run", "network", "UF1", "UAR", "seeds", "validation", ""]
    lines = []
    for run in about:
        marks = ["OPTIMISTIC"] * run["optimistic"] + ["incomplete"] * (not run["complete"])
        lines.append([
            run["run"], run["network"], f"{run['uf1']:.4f}", f"{run['uar']:.4f}",
            str(run["seeds"]), str(run["validation"]), ", ".join(marks),
        ])  # fmt: skip
    return header, lines


def _caption(about: Sequence[dict[str, Any]]) -> str:
    run = about[0]
    return f"{run['protocol']}: {run['clips']} clips of {run['subjects']} subjects"


def _markdown(about: Sequence[dict[str, Any]], found: Sequence[Comparison]) -> str:
    from dfrnet_keras.report.page import pipe_table

    parts = [f"{_caption(about)}.", pipe_table(*_runs_table(about))]
    for pair in found:
        table = pipe_table(*_table(pair, several=len(found) > 1))
        parts += [f"{pair.first} against {pair.second}:", table]
    return "\n\n".join([*parts, *_summary(found), *_remarks(about)])


def _print(about: Sequence[dict[str, Any]], found: Sequence[Comparison]) -> None:
    out = console()
    out.print(_caption(about), style="bold")
    print_table(*_runs_table(about), left=(0, 1, 5, 6))
    for pair in found:
        out.print(f"\n{pair.first} against {pair.second}", style="bold")
        header, lines = _table(pair, several=len(found) > 1)
        print_table(header, lines, left=(0, len(header) - 1))
    out.print()
    for line in _summary(found):
        out.print(line, style="bold")
    for line in _remarks(about):
        out.print(line, style="red" if line.startswith("OPTIMISTIC") else "dim")
