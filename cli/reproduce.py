"""`dfr-keras reproduce`: the paper's tables and figures, ours beside the printed ones."""

from __future__ import annotations

import dataclasses
import json
import logging
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dfrnet_keras.errors import InputError
from dfrnet_keras.paper.experiments import FIGURES, NAMES, QUICK, QUICK_SIZE, TABLES, Effort

if TYPE_CHECKING:
    from dfrnet_keras.paper.runs import Source

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("what", nargs=-1, required=True)
@click.option(
    "--dataset", help="casme2, smic, samm, megc2019, synthetic, synthetic-strong or flow-folder."
)
@click.option("--root", type=_PATH, help="Its folder; by default the one named after it under "
              "$DFR_KERAS_DATA.")  # fmt: skip
@click.option("--store", "store_path", type=_PATH,
              help="A feature store, instead of --dataset.")  # fmt: skip
@click.option("--quick", is_flag=True, help="Two folds, two epochs, maps of 96 pixels and 5 timed "
              "runs: shows that it works, and is no result.")  # fmt: skip
@click.option("--size", type=int, help="Height and width of the maps; the prepared store's where "
              "there is one, else 224.")  # fmt: skip
@click.option("--folds", type=click.IntRange(1), help="Only the first so many folds.")
@click.option("--epochs", type=click.IntRange(1), help="At most so many epochs.")
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True,
              help="How many seeds; every fold is run with each.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True,
              help="Processes that train folds at the same time.")  # fmt: skip
@click.option("--no-training", is_flag=True, help="Leave the scores out.")
@click.option("--no-latency", is_flag=True, help="Leave the timing out.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True,
              help="For the timing.")  # fmt: skip
@click.option("--time-again", is_flag=True, help="Time networks anew whose times are in RUN_DIR "
              "already.")  # fmt: skip
@click.option("--runs", type=_PATH, metavar="DIR", help="table2 of the runs that lie below DIR, "
              "however they were made: nothing is trained, and runs of --validation test-subject "
              "stand beside the honest ones. With --markdown, what stands between two comments of "
              "the file is replaced.")  # fmt: skip
@click.option("--run-dir", type=_PATH, default=Path("runs/reproduce"), show_default=True,
              help="Where the runs of the rows are kept and gone on with.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option("--csv", "csv_file", type=_PATH, help="Also write the rows as CSV.")
@click.option("--markdown", type=_PATH, help="Also write the tables as Markdown.")
@click.option("--latex", type=_PATH, help="Also write rows for LaTeX.")
@click.option("--html", "--out", "page", type=_PATH, help="Also write one page; `all` always does, "
              "to RUN_DIR/reproduce.html unless told otherwise.")  # fmt: skip
def reproduce(
    what: tuple[str, ...],
    dataset: str | None,
    root: Path | None,
    store_path: Path | None,
    quick: bool,
    size: int | None,
    folds: int | None,
    epochs: int | None,
    seeds: int,
    jobs: int,
    no_training: bool,
    no_latency: bool,
    threads: int,
    time_again: bool,
    runs: Path | None,
    run_dir: Path,
    as_json: bool,
    csv_file: Path | None,
    markdown: Path | None,
    latex: Path | None,
    page: Path | None,
) -> None:
    """Run tables and figures of the paper: table1 to table9, figure6, figure7, all.

    Each row is printed twice, as measured here and as the paper has it. Parameters and FLOPs need
    no data; scores need --dataset or --store. What was trained or timed once is not done again, and
    a run that was cut off goes on. Files that are there are replaced.
    """
    if dataset is not None and store_path is not None:
        raise click.UsageError("Give either --dataset or --store.")
    if store_path is not None and size is not None:
        raise click.UsageError("--size is that of the store: leave it out.")
    if runs is not None:
        others = (dataset, store_path, quick, folds, epochs, csv_file, latex, page)
        if what != ("table2",) or any(others):
            raise click.UsageError("--runs makes table2 of what was run: leave all but --json and "
                                   "--markdown out.")  # fmt: skip
        _print_runs(runs, as_json, markdown)
        return
    names = list(NAMES) if "all" in what else list(dict.fromkeys(what))
    unknown = [name for name in what if name not in (*NAMES, "all")]
    if unknown:
        raise InputError(f"{unknown[0]} is no table or figure of the paper: use one of "
                         f"{', '.join(NAMES)} or all.")  # fmt: skip
    if page is None and "all" in what:
        page = run_dir / "reproduce.html"
    _check_files(run_dir, page, [csv_file, markdown, latex])
    from dfrnet_keras.startup import start_keras

    if set(names) - {"table1"}:
        start_keras()
    # Each row is a network of its own, which TensorFlow takes for a mistake.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    from dfrnet_keras.paper.runs import Source

    effort = Effort(
        folds=folds or (QUICK.folds if quick else None),
        epochs=epochs or (QUICK.epochs if quick else None),
        seeds=seeds,
        jobs=jobs,
        quick=quick,
        training=not no_training,
        latency=not no_latency,
        threads=threads,
        timed_runs=(QUICK if quick else Effort()).timed_runs,
        time_again=time_again,
    )
    source = None
    if dataset is not None or store_path is not None:
        source = Source(
            dataset,
            root,
            store_path,
            size=size or (QUICK_SIZE if quick and dataset else None),
            flow_method="dis" if quick and dataset else None,
            jobs=max(jobs, 1),
        )
    results = _results(names, source, effort, run_dir)
    written = _write(results, run_dir, csv_file, markdown, latex)
    if page is not None:
        from dfrnet_keras.paper import write_page

        command = shlex.join(["dfr-keras", *sys.argv[1:]])
        written.append(write_page(results, page, command))
    if as_json:
        content = results[0] if len(results) == 1 else {"tables": results}
        click.echo(json.dumps(content, indent=1))
    else:
        for result in results:
            _print(result)
        for path in written:
            click.echo(f"Written: {path}")
    missing = [result["what"] for result in results if result.get("missing")]
    if missing:
        click.echo(f"Could not be run: {', '.join(missing)}; the reasons stand above.", err=True)
        sys.exit(1)


def _print_runs(folder: Path, as_json: bool, markdown: Path | None) -> None:
    """Table 2 of the runs below a folder."""
    if markdown is not None:
        from dfrnet_keras.atomic import check_writable

        check_writable(markdown)
    from dfrnet_keras.startup import start_keras

    start_keras()  # the networks are built to be counted
    from dfrnet_keras.paper.results_page import as_markdown, write_page
    from dfrnet_keras.paper.run_rows import collect

    rows = collect(folder)
    if markdown is not None:
        write_page(rows, markdown, shlex.join(["dfr-keras", *sys.argv[1:]]))
        click.echo(f"Written: {markdown}", err=True)
    click.echo(json.dumps({"rows": rows}, indent=1) if as_json else as_markdown(rows))


def _check_files(run_dir: Path, page: Path | None, others: list[Path | None]) -> None:
    """Refuse what cannot be written before hours are spent on it."""
    from dfrnet_keras.atomic import check_writable
    from dfrnet_keras.report.page import check_page

    given = [path for path in (page and check_page(page), *others) if path is not None]
    for path in given:
        if path.is_dir():
            raise InputError(f"{path} is a folder: give the name of a file.")
    for path in (run_dir / "latencies.json", *given):
        check_writable(path)


def _results(
    names: list[str], source: Source | None, effort: Effort, run_dir: Path
) -> list[dict[str, Any]]:
    """What `reproduce` gives for each name; of several, one that cannot be run says why."""
    from dfrnet_keras.cli.progress import clip_progress, fold_progress
    from dfrnet_keras.paper import reproduce as run_again

    if source is not None and set(names) != {"table1"} and effort.training:
        with clip_progress() as progress:
            source.progress = progress
            _ = source.store  # built here, under its own bar
    if effort.latency and len(names) > 1:
        from dfrnet_keras.paper.latencies import time_networks
        from dfrnet_keras.paper.tables import timed_rows

        # All in one sitting: tables have networks in common, and times are only compared with
        # each other within one.
        rows = timed_rows(names, source if effort.training else None)
        time_networks(rows, run_dir, effort, _log)
        effort = dataclasses.replace(effort, time_again=False)
    results = []
    for name in names:
        with fold_progress() as bars:
            try:
                result = run_again(name, source, effort, run_dir=run_dir, log=_log, progress=bars)
            except InputError as error:
                if len(names) == 1:
                    raise
                click.echo(f"{name}: {error}", err=True)
                result = _missing(name, source, str(error))
        results.append(result)
    return results


def _missing(name: str, source: Source | None, reason: str) -> dict[str, Any]:
    title = TABLES[name].title if name in TABLES else ", ".join(FIGURES.get(name, ("Datasets",)))
    return {"what": name, "title": title, "dataset": source.name if source else None, "notices": [],
            "rows": [], "missing": reason, "by_dataset": False, "costs": False,
            "epochs": False}  # fmt: skip


def _log(words: str) -> None:
    click.echo(words, err=True)


def _write(
    results: list[dict[str, Any]],
    run_dir: Path,
    csv_file: Path | None,
    markdown: Path | None,
    latex: Path | None,
) -> list[Path]:
    """Write the pictures of figures and the files that were asked for."""
    from dfrnet_keras.atomic import whole_file
    from dfrnet_keras.paper import text

    written = []
    for result in results:
        if "panels" in result:
            from dfrnet_keras.paper.pictures import write_matrices

            written.append(write_matrices(result, run_dir / f"{result['what']}.png"))
            result["png"] = str(written[-1])
    for target, render in (
        (csv_file, text.as_csv), (markdown, text.as_markdown), (latex, text.as_latex),
    ):  # fmt: skip
        if target is not None:
            with whole_file(target) as partial:
                partial.write_text(render(results), encoding="utf-8")
            written.append(target)
    return written


def _print(result: dict[str, Any]) -> None:
    from dfrnet_keras.cli.console import console, print_table
    from dfrnet_keras.paper.text import header_of, lines_of, name_of, remarks_of

    out = console(wide=True)  # sentences are searched for and copied
    out.print(f"\n{name_of(result)}: {result['title']}", style="bold")
    for words in result["notices"]:
        out.print(words, style="yellow")
    if result.get("missing"):
        out.print(f"Not run: {result['missing']}")
        return
    lines = lines_of(result)
    print_table(
        header_of(result),
        [[line.name, line.whose, *line.cells] for line in lines],
        left=(0, 1),
        styles=["dim" if line.whose == "paper" else None for line in lines],
    )
    for words in remarks_of(result):
        out.print(words)
