"""A table or figure of the paper, as far as what is given allows: ours beside the printed one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dfrnet_keras.errors import InputError
from dfrnet_keras.paper.costs import counts_of, is_network, network_key, printed_costs
from dfrnet_keras.paper.experiments import DATASET_COLUMNS, FIGURES, NAMES, OURS, TABLES, Row
from dfrnet_keras.paper.latencies import Sitting, time_networks
from dfrnet_keras.paper.published import DATASETS, PAPER_MACHINE, PUBLISHED
from dfrnet_keras.paper.runs import Effort, Source, scores_of, train_row
from dfrnet_keras.paper.views import missing_views, refusal, trainable
from dfrnet_keras.report.page import count_of

if TYPE_CHECKING:
    from dfrnet_keras.evaluation.learner import Progress

NO_RESULT = "machinery only, not a result"
Log = Callable[[str], None]


def reproduce(
    what: str,
    source: Source | None,
    effort: Effort,
    *,
    run_dir: str | Path = "runs/reproduce",
    log: Log = lambda words: None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Run, or go on with, what a table or figure of the paper needs.

    Args:
        what: One of `experiments.NAMES`.
        source: The data; `None` trains nothing.
        effort: How much is trained and timed.
        run_dir: Where runs are kept and gone on with; tables share those they have in common, and
            times of networks.
        log: Called with a line about what is being done.
        progress: See `evaluate_loso`.

    Returns:
        A dictionary that JSON can hold: `what`, `title`, `header`, `rows`, `notices` (what a
        reader has to know), `dataset`, `machine`. Each row has its `name`, our figures under
        their own names, the printed ones under `paper`, and under `not_run` the reason why there
        are none of ours. A figure has `panels` instead of `rows`.

    Raises:
        InputError: There is no such table, it needs data that are missing, or no row of it can be
            trained on the maps that are there.
    """
    if what not in NAMES:
        raise InputError(f"{what} is no table or figure of the paper: use one of "
                         f"{', '.join(NAMES)} or all.")  # fmt: skip
    run_dir = Path(run_dir)
    about: dict[str, Any] = {
        "what": what,
        "dataset": source.name if source else None,
        "notices": _notices(what, source, effort) if effort.training and what != "table1" else [],
    }
    if what == "table1":
        return {**about, **_datasets(source)}
    if what in FIGURES:
        return {**about, **_figure(what, source, effort, run_dir, log, progress)}
    table = TABLES[what]
    # Before anything is counted or timed.
    if effort.training and source is not None and not trainable(table.rows, source.store):
        raise InputError(refusal(what, source, table.rows, has_costs=table.costs))
    rows = [_printed(what, row) for row in table.rows]
    machine = None
    if table.costs:
        for row, figures in zip(table.rows, rows, strict=True):
            figures |= counts_of(row) if is_network(row) else {}
        if effort.latency:
            sitting = time_networks(table.rows, run_dir, effort, log)
            machine = _add_times(table.rows, rows, sitting)
    for row, figures in zip(table.rows, rows, strict=True):
        if not effort.training:
            figures["not_run"] = "training was left out"
        elif source is None:
            figures["not_run"] = "no dataset was given"
        else:
            log(f"{what}: {row.name}")
            figures |= _trained(row, source, effort, run_dir, progress)
    return {
        **about,
        "title": table.title,
        "header": table.header,
        "note": table.note,
        "by_dataset": table.by_dataset,
        "costs": table.costs,
        "epochs": table.epochs,
        "rows": rows,
        "machine": machine,
        "paper_machine": PAPER_MACHINE if "milliseconds" in (rows[0]["paper"] or {}) else None,
    }


def _add_times(
    rows: Iterable[Row], figures: Iterable[dict[str, Any]], sitting: Sitting | None
) -> dict[str, Any] | None:
    """Add the times of a sitting to the figures of rows; what it was measured on."""
    if sitting is None:
        return None
    for row, its in zip(rows, figures, strict=True):
        its |= sitting["networks"].get(network_key(row), {})
    return {
        **sitting["machine"],
        **{name: sitting[name] for name in ("threads", "runs", "started")},
    }


def timed_rows(names: Iterable[str], source: Source | None = None) -> list[Row]:
    """Rows of several tables whose networks are timed, so that one sitting can hold them all.

    Args:
        names: Of `experiments.NAMES`.
        source: The data that the rows are to be trained on; a table that `reproduce` refuses for
            want of maps is left out.
    """
    tables = [TABLES[name] for name in names if name in TABLES and TABLES[name].costs]
    return [
        row
        for table in tables
        if source is None or trainable(table.rows, source.store)
        for row in table.rows
    ]


def _notices(what: str, source: Source | None, effort: Effort) -> list[str]:
    if source is None:
        return []
    notices = []
    if effort.shortened:
        folds = "all folds" if effort.folds is None else f"{count_of(effort.folds, 'fold')} a row"
        epochs = "the published training"
        if effort.epochs is not None:
            epochs = f"at most {count_of(effort.epochs, 'epoch')}"
        notices.append(
            f"This is {NO_RESULT}: {folds}, {epochs}, maps of {source.store.size} pixels."
        )
    if effort.quick and what == "table5":
        notices.append("ViT: one fold and one epoch, in batches of 8.")
    if (source.dataset or "").startswith("synthetic"):
        notices.append("The clips are drawn, not filmed: their scores say nothing of real faces.")
    return notices


def _printed(what: str, row: Row) -> dict[str, Any]:
    """A row with what the paper prints for it, our part still empty."""
    paper: dict[str, Any] = {}
    note = row.note
    published = PUBLISHED[what].get(row.name)
    if published is not None:
        paper = {**printed_costs(what, row), "uf1": published.full[0], "uar": published.full[1]}
        if published.smic is not None:
            paper["datasets"] = {
                name: dict(zip(("uf1", "uar"), getattr(published, name), strict=True))
                for name in DATASET_COLUMNS.values()
            }
        if what == "table2":
            paper["source"], note = published.source, published.note
    settings = {"model": row.model, "options": dict(row.options)}
    return {"name": row.name, **settings, "note": note, "paper": paper or None}


def _trained(
    row: Row, source: Source, effort: Effort, run_dir: Path, progress: Progress | None
) -> dict[str, Any]:
    if row.model is None:
        return {"not_run": "not built here"}
    missing = missing_views(row, source.store)
    if missing:
        return {"not_run": f"{source.name} has no {' and no '.join(missing)}"}
    try:
        run = train_row(row, source, effort, run_dir, progress)
    except InputError as error:
        return {"not_run": str(error)}
    return scores_of(run)


def _datasets(source: Source | None) -> dict[str, Any]:
    """Table 1: clips, subjects and classes of each dataset, counted from what is given."""
    counted: dict[str, dict[str, int]] = {}
    if source is not None:
        listed = (
            [(clip.dataset, clip.subject, clip.label) for clip in source.clips]
            if source.dataset
            else [
                (row.dataset, row.subject, source.store.classes[int(row.label)])
                for row in source.store.rows
            ]
        )
        for name in sorted({dataset for dataset, _, _ in listed}):
            some = [entry for entry in listed if entry[0] == name]
            labels = Counter(label for _, _, label in some)
            subjects = len({subject for _, subject, _ in some})
            counted[name] = {"clips": len(some), "subjects": subjects, **labels}
    rows: list[dict[str, Any]] = []
    for title, name in DATASET_COLUMNS.items():
        ours = counted.pop(name, None)
        gone = {} if ours else {"not_run": "no clips of it were given"}
        rows.append({"name": title, **(ours or {}), **gone, "paper": DATASETS[title]})
    rows += [{"name": name, **ours, "paper": None} for name, ours in counted.items()]
    return {
        "title": "Clips of the datasets",
        "header": "Dataset",
        "rows": rows,
        "note": "Whether action units are annotated is the paper's word: they are not read here.",
    }


def _figure(
    what: str,
    source: Source | None,
    effort: Effort,
    run_dir: Path,
    log: Log,
    progress: Progress | None,
) -> dict[str, Any]:
    """Figures 6 and 7: the confusion matrices of the paper's own network, from its run."""
    if source is None or not effort.training:
        raise InputError(f"{what} shows confusion matrices of a trained network: give --dataset, "
                         "and leave --no-training out.")  # fmt: skip
    if missing_views(OURS, source.store):
        raise InputError(refusal(what, source, (OURS,)))
    log(f"{what}: {OURS.name}")
    run = train_row(OURS, source, effort, run_dir, progress)
    metrics = run.metrics()
    panels: list[dict[str, Any]] = []
    of_paper = dict.fromkeys(FIGURES[what])
    # Where a dataset is none of the paper's three, its matrix is shown all the same.
    others = [name for name in metrics["datasets"] if name not in DATASET_COLUMNS.values()]
    for title in (*of_paper, *others):
        name = DATASET_COLUMNS.get(title, title)
        figures = metrics if title == "Full" else metrics["datasets"].get(name)
        panel: dict[str, Any] = {"name": title}
        if figures is None or not figures["clips"]:
            panel["not_run"] = f"no clips of {title} in this run"
        else:
            panel |= {key: figures[key] for key in ("confusion_matrix", "clips", "uf1", "uar")}
        panels.append(panel)
    return {
        "title": f"Confusion matrices of DFR-Net: {', '.join(of_paper)}",
        "classes": list(run.classes),
        "panels": panels,
        "run": scores_of(run),
        "note": "The paper prints these as pictures, of its best outcome; what best means, and "
        "over how many, it does not say. Its counts are therefore not set beside these.",
        "paper": None,
    }
