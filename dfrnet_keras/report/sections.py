"""What a report says of one run: each function gives one piece of the page as HTML."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from html import escape
from typing import Any

from dfrnet_keras.evaluation.folds import read_protocol
from dfrnet_keras.evaluation.run import Run
from dfrnet_keras.report.page import facts, scale, share, table
from dfrnet_keras.report.pictures import confusion_picture

_VALIDATION = {
    "subjects": "subjects: a few training subjects are held out to choose the epoch",
    "none": "none: a fixed number of epochs, the last one is kept",
    "test-subject": "test-subject: the epoch is chosen on the very clips that are judged",
}


def network_name(run: Run) -> str:
    """Name of the network or other learner; text."""
    return str(run.settings["learner"].get("name", "learner"))


def _datasets(run: Run) -> list[str]:
    """Names of the datasets, the ones of folds that have not run included."""
    _, datasets = read_protocol(str(run.settings.get("protocol", "")))
    return datasets or sorted({record.dataset for record in run.folds})


def title_of(run: Run) -> str:
    """What was tested on what, as text."""
    return f"{network_name(run)} on {', '.join(_datasets(run))}"


def headline(metrics: dict[str, Any]) -> str:
    """UF1 and UAR, each with its interval and its floor on a bar from 0 to 1."""
    boxes = []
    for key, words in (("uf1", "unweighted F1"), ("uar", "unweighted average recall")):
        low, high = metrics["interval"][key]
        spread = metrics["spread"][key]
        interval = (
            f"95 % interval over subjects {low:.3f} to {high:.3f}; " if low is not None else ""
        )
        beside = f" <small>± {spread:.3f} over seeds</small>" if spread is not None else ""
        boxes.append(
            f'<div><div class="name"><strong>{key.upper()}</strong> {words}</div>'
            f'<div class="value">{metrics[key]:.4f}{beside}</div>'
            f"{scale(metrics[key], low, high, metrics['floor'][key])}"
            f'<div class="words">{interval}dotted: always the most frequent class, '
            f"{metrics['floor'][key]:.3f}</div></div>"
        )
    return f'<div class="headline">{"".join(boxes)}</div>'


def scores_table(metrics: dict[str, Any]) -> str:
    """All figures: of all clips, each seed, each dataset, and the floor."""
    keys = ("uf1", "uar", "accuracy", "macro_precision")
    seeds, datasets = metrics["seeds"], metrics["datasets"]

    def row(name: str, figures: dict[str, Any]) -> list[str]:
        return [name, *[f"{figures[key]:.4f}" for key in keys], str(figures["clips"])]

    which = "mean of seeds" if len(seeds) > 1 else f"seed {next(iter(seeds))}"
    rows = [row(f"all clips, {which}", metrics)]
    styles = ["strong"]
    for groups, prefix in ((seeds, "seed "), (datasets, "")):
        # A table that shows its only line twice says nothing more.
        if len(groups) > 1:
            rows += [row(f"{prefix}{name}", figures) for name, figures in groups.items()]
            styles += [""] * len(groups)
    rows.append(row("always the most frequent class", metrics["floor"]))
    header = ["", "UF1", "UAR", "accuracy", "macro precision", "clips"]
    return table(header, rows, numbers=range(1, 6), styles=[*styles, "faint"],
                 caption="Pooled over all clips, never averaged over folds.")  # fmt: skip


def matrices(metrics: dict[str, Any]) -> str:
    """The confusion matrix of all clips and, where there are several, of each dataset."""
    classes = metrics["classes"]
    shown = {"All clips": metrics, **(metrics["datasets"] if len(metrics["datasets"]) > 1 else {})}
    summed = "<p>Counts are summed over seeds.</p>" if len(metrics["seeds"]) > 1 else ""
    figures = [
        f'<figure class="matrix"><figcaption><strong>{escape(name)}</strong> '
        f"{count_of(group['clips'], 'clip')}</figcaption>"
        f"{confusion_picture(group['confusion_matrix'], classes)}</figure>"
        for name, group in shown.items()
    ]
    return f'{summed}<div class="figures">{"".join(figures)}</div>'


def subjects_table(metrics: dict[str, Any]) -> str:
    """How many clips of each subject are right."""
    rows = [
        [
            f"{person['dataset']} / {person['subject']}",
            f"{person['right']:.4g} of {person['clips']}",
            share(person["right"] / person["clips"]),
        ]
        for person in metrics["subjects"]
    ]
    words = "clips right" + (", mean of seeds" if len(metrics["seeds"]) > 1 else "")
    shown = table(["subject", words, ""], rows, numbers=[1])
    if len(rows) > 20:
        shown = f'<div class="columns">{shown}</div>'
    return (
        f"<details{' open' if len(rows) <= 20 else ''}><summary>"
        f"{count_of(len(rows), 'subject')}</summary>{shown}</details>"
    )


def facts_of(run: Run, metrics: dict[str, Any]) -> str:
    """What was run: data, network, training, protocol, versions, time."""
    settings = run.settings
    learner, store = settings["learner"], settings["store"]
    seconds = sum(record.seconds for record in run.folds)
    clips, subjects = metrics["clips"], len(metrics["subjects"])
    return facts([
        ("datasets", escape(", ".join(_datasets(run)))),
        ("judged", f"{count_of(clips, 'clip')} of {count_of(subjects, 'subject')}"),
        ("network", escape(" ".join([network_name(run), *_words(learner.get("options"))]))),
        ("training", escape(", ".join(_words(learner.get("recipe"), without=("validation",))))),
        ("protocol", escape(str(settings.get("protocol", "")))),
        ("validation", escape(_VALIDATION.get(str(settings.get("validation")), ""))),
        ("seeds", escape(", ".join(map(str, settings["seeds"])))),
        ("features", escape(", ".join(_words(store.get("settings"), without=("version",))))),
        ("store", f"<code>{escape(str(store.get('path', '')))}</code>"),
        ("store's digest", f"<code>{escape(str(store.get('digest', '')))}</code>"),
        ("versions", escape(", ".join(_words(settings.get("versions"))))),
        ("started", escape(str(settings.get("started") or "").replace("T", " "))),
        ("time in folds", _time(seconds) if seconds else ""),
    ])  # fmt: skip


def _words(settings: dict[str, Any] | None, without: Sequence[str] = ()) -> list[str]:
    plain = {None: "none", True: "yes", False: "no"}
    return [
        f"{name.replace('_', ' ')} "
        f"{plain[value] if value is None or isinstance(value, bool) else value}"
        for name, value in (settings or {}).items()
        if name not in without
    ]


def fit_command(run: Run) -> str:
    """The training as a command; empty where it was not started by one."""
    settings = run.settings
    recipe, seeds = settings["learner"].get("recipe"), settings["seeds"]
    if not recipe or seeds != list(range(len(seeds))):
        return ""
    words = ["dfr-keras", "fit", "--store", str(settings["store"].get("path", ""))]
    words += ["--model", network_name(run)]
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


def count_of(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"
