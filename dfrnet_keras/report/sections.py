"""What a page shows of one run."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dfrnet_keras.evaluation.folds import held_out_unit, read_protocol
from dfrnet_keras.evaluation.run import Run
from dfrnet_keras.report.mistakes import mistakes_of
from dfrnet_keras.report.page import count_of

_VALIDATION = {
    "subjects": "subjects: a few training subjects are held out to choose the epoch",
    "none": "none: a fixed number of epochs, the last one is kept",
    "test-subject": "test-subject: the epoch is chosen on the very clips that are tested",
}


@dataclass(frozen=True)
class Section:
    """What the template `run.html.j2` shows.

    Attributes:
        number: Place on the page, from 1.
        run, name, metrics: The run, what the page calls it, and `run.metrics()`.
        network: Name of its network or other learner.
        title: What was tested on what.
        unit: What is held out: a subject, or a dataset.
        scores: Lines of the table of scores.
        mistakes: The clips that it got wrong, see `mistakes_of`.
        facts: Name and value of what was run; a value may be empty.
        fit_command: The training as a command; empty where it was not started by one.
    """

    number: int
    run: Run
    name: str
    metrics: dict[str, Any]
    network: str
    title: str
    unit: str
    scores: list[list[str]]
    mistakes: dict[str, Any]
    facts: list[tuple[str, str]]
    fit_command: str


def section_of(run: Run, name: str, number: int, mistakes: int) -> Section:
    """Gather what is shown of a run, of its mistakes so many at most."""
    metrics = run.metrics()
    protocol = str(run.settings.get("protocol", ""))
    network = str(run.settings["learner"].get("name", "learner"))
    # Datasets of folds that have not run included.
    datasets = read_protocol(protocol)[1] or sorted({record.dataset for record in run.folds})
    return Section(
        number=number,
        run=run,
        name=name,
        metrics=metrics,
        network=network,
        title=f"{network} on {', '.join(datasets)}",
        unit=held_out_unit(protocol),
        scores=_scores(metrics) if metrics["clips"] else [],
        mistakes=mistakes_of(run, mistakes),
        facts=_facts(run, metrics, network, datasets),
        fit_command=_fit_command(run, network),
    )


def _scores(metrics: dict[str, Any]) -> list[list[str]]:
    """All figures: of all clips, each seed, each dataset, and the floor."""
    seeds = metrics["seeds"]
    which = "mean of seeds" if len(seeds) > 1 else f"seed {next(iter(seeds))}"
    rows = {f"all clips, {which}": metrics}
    # A table that shows its only line twice says nothing more.
    if len(seeds) > 1:
        rows |= {f"seed {seed}": figures for seed, figures in seeds.items()}
    lines = [*rows.items()]
    if len(metrics["datasets"]) > 1:
        lines += metrics["datasets"].items()
    lines.append(("always the most frequent class", metrics["floor"]))
    keys = ("uf1", "uar", "accuracy", "macro_precision")
    return [
        [name, *[f"{figures[key]:.4f}" for key in keys], str(figures["clips"])]
        for name, figures in lines
    ]


def _facts(
    run: Run, metrics: dict[str, Any], network: str, datasets: Sequence[str]
) -> list[tuple[str, str]]:
    """What was run: data, network, training, protocol, versions, time."""
    settings = run.settings
    learner, store = settings["learner"], settings["store"]
    seconds = sum(record.seconds for record in run.folds)
    clips, subjects = metrics["clips"], len(metrics["subjects"])
    return [
        ("datasets", ", ".join(datasets)),
        ("tested", f"{count_of(clips, 'clip')} of {count_of(subjects, 'subject')}"),
        ("network", " ".join([network, *_words(learner.get("options"))])),
        ("training", ", ".join(_words(learner.get("recipe"), without=("validation",)))),
        ("protocol", str(settings.get("protocol", ""))),
        ("validation", _VALIDATION.get(str(settings.get("validation")), "")),
        ("seeds", ", ".join(map(str, settings["seeds"]))),
        ("features", ", ".join(_words(store.get("settings"), without=("version",)))),
        ("store", str(store.get("path", ""))),
        ("store's digest", str(store.get("digest", ""))),
        ("versions", ", ".join(_words(settings.get("versions")))),
        ("started", str(settings.get("started") or "").replace("T", " ")),
        ("time in folds", _time(seconds) if seconds else ""),
    ]


def _words(settings: dict[str, Any] | None, without: Sequence[str] = ()) -> list[str]:
    plain = {None: "none", True: "yes", False: "no"}
    return [
        f"{name.replace('_', ' ')} "
        f"{plain[value] if value is None or isinstance(value, bool) else value}"
        for name, value in (settings or {}).items()
        if name not in without
    ]


def _fit_command(run: Run, network: str) -> str:
    settings = run.settings
    recipe, seeds = settings["learner"].get("recipe"), settings["seeds"]
    if not recipe or seeds != list(range(len(seeds))):
        return ""
    words = ["dfr-keras", "fit", "--store", str(settings["store"].get("path", ""))]
    words += ["--model", network]
    for name, value in {**settings["learner"].get("options", {}), **recipe}.items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        elif name == "validation":
            words += ["--validation", str(settings.get("validation"))]
        elif value is not None:
            words += [f"--{option}", str(value)]
    protocol, datasets = read_protocol(str(settings.get("protocol", "")))
    if protocol != "composite" and len(datasets) > 1:
        words += ["--protocol", protocol]
    words += ["--seeds", str(len(seeds))]
    if settings.get("subjects", settings["folds"]) != settings["folds"]:
        words += ["--folds", str(settings["folds"])]
    return shlex.join(words)


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
