"""What a page shows of one run."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

from dfrnet_keras.evaluation.folds import held_out_unit, read_protocol
from dfrnet_keras.evaluation.run import Run
from dfrnet_keras.report.mistakes import mistakes_of


@dataclass(frozen=True)
class Section:
    """What the template `run.html.j2` shows.

    Attributes:
        number: Place on the page, from 1.
        run, name, metrics: The run, what the page calls it, and `run.metrics()`.
        network: Name of its network or other learner.
        title: What was tested on what.
        unit: What is held out: a subject, or a dataset.
        mistakes: The clips that it got wrong, see `mistakes_of`.
        datasets: Their names, those of folds that have not run included.
        seconds: Of all folds together.
        fit_command: The training as a command; empty where it was not started by one.
    """

    number: int
    run: Run
    name: str
    metrics: dict[str, Any]
    network: str
    title: str
    unit: str
    mistakes: dict[str, Any]
    datasets: list[str]
    seconds: float
    fit_command: str


def section_of(run: Run, name: str, number: int, mistakes: int) -> Section:
    """Gather what is shown of a run, of its mistakes so many at most."""
    metrics = run.metrics()
    protocol = str(run.settings.get("protocol", ""))
    network = str(run.settings["learner"].get("name", "learner"))
    datasets = read_protocol(protocol)[1] or sorted({record.dataset for record in run.folds})
    return Section(
        number=number,
        run=run,
        name=name,
        metrics=metrics,
        network=network,
        title=f"{network} on {', '.join(datasets)}",
        unit=held_out_unit(protocol),
        mistakes=mistakes_of(run, mistakes),
        datasets=datasets,
        seconds=sum(record.seconds for record in run.folds),
        fit_command=_fit_command(run, network),
    )


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
