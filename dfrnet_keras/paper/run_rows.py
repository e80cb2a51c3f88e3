"""Folders of runs as rows of Table 2: honest figures, optimistic ones beside them, and costs.

Nothing is trained: all figures come from the rows that the runs have kept.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation import run_folder
from dfrnet_keras.evaluation.run import Run, subject_matrices
from dfrnet_keras.evaluation.significance import paired_bootstrap
from dfrnet_keras.models.recipe import Recipe
from dfrnet_keras.models.table import TABLE
from dfrnet_keras.paper.experiments import TABLES
from dfrnet_keras.paper.published import PEERS, PUBLISHED

_OTHER_TITLES = {"motion-dfrnet": "Ours, --recipe best", "from-preset": "Ours, from a preset"}
# Options of `dfr-keras fit` by what they change in a recipe.
_OPTIONS = ("learning_rate", "batch_size", "epochs", "patience")


def collect(folder: str | Path) -> list[dict[str, Any]]:
    """The runs below a folder as rows of Table 2.

    Runs that differ in the validation alone share a row: what chose its epochs on the test subjects
    is the row's `optimistic`.

    Args:
        folder: Holds folders of runs, at any depth.

    Returns:
        One dictionary a row, in the order of Table 2 and then by name, which JSON can hold:
        `name`, `model`, `options`, `protocol`, `honest` and `optimistic` (each `None` or `uf1`,
        `uar`, `weighted_f1`, `accuracy`, `interval`, `datasets`, `seeds`, `folds`, `validation`,
        `epochs_kept`, `hours`, `seconds_a_fold`, `versions`, `run_dir`, `command`), `difference`
        of their UF1 with its interval where both are of the same clips, `epochs` and
        `published_epochs`, `parameters`, `macs`, and `published`.

    Raises:
        InputError: There is no run below the folder, or one cannot be read.
    """
    folder = Path(folder)
    runs = [run_folder.open_run(path.parent) for path in sorted(folder.rglob("settings.json"))]
    runs = [run for run in runs if run.predictions]
    if not runs:
        raise InputError(
            f"{folder} holds no run with results: give the folder of the run folders that "
            "`dfr-keras fit --run-dir` wrote."
        )
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(_identity(run), []).append(run)
    rows = [row for group in groups.values() for row in _rows(group)]
    order = [row.name for row in TABLES["table2"].rows]
    place = {name: number for number, name in enumerate(order)}
    return sorted(rows, key=lambda row: (place.get(row["name"], len(place)), row["name"]))


def _identity(run: Run) -> str:
    """What runs have in common that differ in their validation alone."""
    learner = json.loads(json.dumps(run.settings["learner"]))
    recipe = learner.get("recipe", {})
    for name in ("validation", "patience"):  # without validation patience means nothing
        recipe.pop(name, None)
    kept = [learner, run.settings["store"]["digest"], run.settings["protocol"], list(run.classes)]
    return json.dumps(kept, sort_keys=True)


def _rows(group: Sequence[Run]) -> list[dict[str, Any]]:
    optimistic = [run for run in group if run.optimistic]
    honest: list[Run | None] = [run for run in group if not run.optimistic]
    leaky = max(optimistic, key=lambda run: len(run.folds)) if optimistic else None
    return [_row(run, leaky) for run in honest or [None]]


def _row(honest: Run | None, optimistic: Run | None) -> dict[str, Any]:
    either = honest or optimistic
    assert either is not None
    learner = either.settings["learner"]
    model, recipe = str(learner["name"]), learner.get("recipe") or {}
    published = TABLE[model].recipe if model in TABLE else None
    names = {row.model: row.name for row in reversed(TABLES["table2"].rows)}
    name = names.get(model, _OTHER_TITLES.get(model, model))
    return {
        "name": name,
        "model": model,
        "options": learner.get("options", {}),
        "protocol": either.settings["protocol"],
        "classes": list(either.classes),
        "size": either.settings["store"]["settings"].get("size"),
        "honest": honest and _figures(honest),
        "optimistic": optimistic and _figures(optimistic),
        "difference": _difference(honest, optimistic),
        "epochs": recipe.get("epochs"),
        "published_epochs": published and published.epochs,
        **_costs(either),
        "published": _published(name),
    }


def _figures(run: Run) -> dict[str, Any]:
    metrics = run.metrics()
    kept = ("uf1", "uar", "weighted_f1", "accuracy", "interval", "spread", "clips", "folds",
            "validation", "complete")  # fmt: skip
    done = [record for record in run.folds if not record.failure]
    epochs = [record.epoch for record in done if record.epoch]
    return {
        **{name: metrics[name] for name in kept},
        "datasets": {name: part["uf1"] for name, part in metrics["datasets"].items()},
        "seeds": len(run.seeds),
        "epochs_kept": statistics.median(epochs) if epochs else None,
        "hours": sum(record.seconds for record in done) / 3600,
        "seconds_a_fold": statistics.median(record.seconds for record in done),
        "versions": run.settings.get("versions", {}),
        "run_dir": str(run.path),
        "command": command_of(run),
    }


def _difference(honest: Run | None, optimistic: Run | None) -> dict[str, Any] | None:
    """What choosing on the test subjects adds to UF1, where both answered the same clips."""
    if honest is None or optimistic is None:
        return None
    (_, people, plain), (_, others, leaky) = (
        subject_matrices(run.predictions, run.classes) for run in (honest, optimistic)
    )
    same = (
        people == others
        and (plain.sum((0, 2, 3)) / len(plain)).tolist()
        == (leaky.sum((0, 2, 3)) / len(leaky)).tolist()
    )
    if not same:
        return None
    found = paired_bootstrap(leaky, plain)
    return {"uf1": found.difference, "low": found.low, "high": found.high}


def _costs(run: Run) -> dict[str, int | None]:
    """Parameters and multiply-accumulates of the network at the size of the run's maps."""
    learner = run.settings["learner"]
    if learner["name"] not in TABLE or "drawn_clips" in (learner.get("recipe") or {}):
        return {"parameters": None, "macs": None}
    from dfrnet_keras.models import build_model, count

    options = {**learner.get("options", {}), "classes": len(run.classes)}
    size = run.settings["store"]["settings"].get("size")
    counts = count(build_model(learner["name"], input_size=size, **options))
    return {"parameters": counts.parameters, "macs": counts.macs}


def _published(name: str) -> dict[str, Any] | None:
    if name in PEERS:
        return PEERS[name]._asdict()
    row = PUBLISHED["table2"].get(name)
    if row is None:
        return None
    return dict(uf1=row.full[0], uar=row.full[1], source=row.source, chosen=row.chosen)


def command_of(run: Run) -> str:
    """The command that gives a run, as far as its settings tell; `maps` stands for its data."""
    settings = run.settings
    learner, store = settings["learner"], settings["store"]["settings"]
    model, recipe = str(learner["name"]), dict(learner.get("recipe") or {})
    in_bytes = store.get("flow_range") == "bytes"
    words = ["dfr-keras fit", "--dataset flow-folder --root maps" if in_bytes else "--store store"]
    entry = TABLE.get(model)
    if model == "motion-dfrnet":
        words.append("--recipe best")
    elif model == "from-preset":
        words.append(f"--from-preset {learner['options']['preset']}")
    else:
        words.append(f"--model {model}")
    if entry is not None and entry.recipe is not None:
        usual = entry.recipe
        words += [f"--{name.replace('_', '-')} {recipe[name]}" for name in _OPTIONS
                  if recipe.get(name) not in (None, getattr(usual, name))]  # fmt: skip
        words += _flags(usual, recipe)
        options = {k: v for k, v in learner.get("options", {}).items() if k != "layout"}
        words += [f"--{name} {value}" for name, value in options.items() if model == "dfrnet"]
        if settings["validation"] != usual.validation:
            words.append(f"--validation {settings['validation']}")
    if not settings["protocol"].startswith("composite"):
        words.append(f"--protocol {settings['protocol'].split()[0].rstrip(',')}")
    if len(settings["seeds"]) > 1:
        words.append(f"--seeds {len(settings['seeds'])}")
    if settings.get("folds") != settings.get("subjects"):
        words.append(f"--folds {settings['folds']}")
    return " ".join(words)


def _flags(usual: Recipe, recipe: Mapping[str, Any]) -> list[str]:
    return [
        f"--{'' if recipe[name] else 'no-'}{name.replace('_', '-')}"
        for name in ("augment", "class_weights")
        if name in recipe and recipe[name] != getattr(usual, name)
    ]
