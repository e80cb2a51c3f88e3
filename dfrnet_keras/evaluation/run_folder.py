"""A run folder: written by one process at a time, whole files only; a killed run goes on.

```
settings.json     what was run: model, training, store, protocol, versions
folds/            seed-0-fold-000.json ...: one record a finished fold, so that a killed run resumes
predictions.csv   one row a clip and seed: every figure is computed from these rows alone
metrics.json      the figures
curves.csv        loss of every epoch of every fold
run.lock          held by the process at work
```
"""

from __future__ import annotations

import csv
import datetime
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dfrnet_keras.atomic import whole_file
from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.run import FoldRecord, Prediction, Run

# What the rows of a fold have in common; its record holds them once.
_SHARED = ("dataset", "fold", "seed", "epoch")


def open_run(path: str | os.PathLike[str]) -> Run:
    """Read a run folder.

    Raises:
        InputError: Where there is no run, or one of its files cannot be read.
    """
    folder = Path(path)
    if not (folder / "settings.json").is_file():
        raise InputError(
            f"{folder} is no run folder: it has no settings.json. "
            "`dfr-keras fit` prints the folder of the run that it made."
        )
    settings = _settings_of(folder)
    records = [
        _record_from_json(file, read_json(file))
        for file in sorted((folder / "folds").glob("seed-*-fold-*.json"))
    ]
    for record in records:
        strange = {name for row in record.predictions for name in (row.label, row.predicted)}
        strange -= set(settings["classes"])
        if strange:
            raise InputError(
                f"{folder}, fold {record.number} of seed {record.seed}, names the class "
                f"{sorted(strange)[0]!r}, which the run does not have: delete that fold's file and "
                "run again."
            )
    records.sort(key=lambda record: (record.seed, record.number))
    return Run(settings, tuple(records), folder)


def _settings_of(folder: Path) -> dict[str, Any]:
    path = folder / "settings.json"
    settings = read_json(path)
    kinds = {"learner": dict, "store": dict, "classes": list, "seeds": list, "folds": int}
    damaged = [name for name, kind in kinds.items() if not isinstance(settings.get(name), kind)]
    if damaged:
        raise InputError(
            f"{path} lacks {', '.join(damaged)}, so it is not what a run writes: "
            "delete the folder and run again, or give another one."
        )
    return settings


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a run folder for this process alone; the system lets go of it even after a kill."""
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "run.lock", timeout=0)
        lock.acquire()
    except Timeout as error:
        raise InputError(
            f"{folder} is in use by another process: wait for it, or give another --run-dir."
        ) from error
    except OSError as error:
        raise InputError(
            f"{folder} cannot be made or written ({error.strerror}): give another --run-dir."
        ) from error
    try:
        yield
    finally:
        lock.release()


def claim(folder: Path, settings: dict[str, Any]) -> None:
    """Write the settings into a new run folder, or refuse an old one of other settings."""
    path = folder / "settings.json"
    settings = json.loads(json.dumps(settings))
    # Without a fold it is no run yet: settings that proved impossible may be given anew.
    if path.is_file() and any((folder / "folds").glob("seed-*-fold-*.json")):
        there = _settings_of(folder)
        old, new = _flatten(there), _flatten(settings)
        # Seeds and folds may be added to a run, and a store may have moved: its content counts.
        differing = [
            name
            for name in {**new, **old}
            if name not in ("seeds", "folds", "subjects", "started", "store.path")
            and old.get(name) != new.get(name)
        ]
        if differing:
            raise InputError(
                f"{folder} holds a run of other settings ("
                + "; ".join(
                    f"{name}: {old.get(name)} there, {new.get(name)} now" for name in differing[:4]
                )
                + "): give another --run-dir or the same settings."
            )
        settings["seeds"] = sorted(set(there["seeds"]) | set(settings["seeds"]))
        settings["folds"] = max(there["folds"], settings["folds"])
        settings["started"] = there.get("started")
    else:
        settings["started"] = datetime.datetime.now(datetime.timezone.utc).isoformat(
            timespec="seconds"
        )
    write_text(path, json.dumps(settings, indent=1))


def _flatten(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def write_record(folder: Path, record: FoldRecord) -> None:
    """Write one finished fold into a run folder, whole or not at all."""
    content = asdict(record)
    content["fold"] = content.pop("number")
    for row in content["predictions"]:
        for name in _SHARED:
            del row[name]
        for name in ("action_units", "units"):
            if row[name] is None:
                del row[name]
    (folder / "folds").mkdir(exist_ok=True)
    write_text(
        folder / "folds" / f"seed-{record.seed}-fold-{record.number:03d}.json",
        json.dumps(content, allow_nan=True),
    )


def write_tables(run: Run, folder: Path) -> dict[str, Any]:
    """Write predictions.csv, curves.csv and metrics.json of a run; return the metrics."""
    header = ["dataset", "subject", "clip", "label", "predicted"]
    header += [f"probability_{name}" for name in run.classes] + ["fold", "seed", "epoch"]
    # Where the sheet has action units and the learner knows some, both stand at the end.
    units = sorted({unit for row in run.predictions for unit in row.units or {}}, key=int)
    header += ["action_units", *(f"strength_{unit}" for unit in units)] if units else []
    rows: list[list[Any]] = [header]
    for row in run.predictions:
        rows.append(
            [row.dataset, row.subject, row.clip, row.label, row.predicted]
            + [repr(value) for value in row.probabilities]
            + [row.fold, row.seed, row.epoch]
            + (_units(row, units) if units else [])
        )
    _write_csv(folder / "predictions.csv", rows)
    names = sorted({name for record in run.folds for name in record.curves})
    curves: list[list[Any]] = [["seed", "fold", "epoch", *names]]
    for record in run.folds:
        epochs = max((len(values) for values in record.curves.values()), default=0)
        for epoch in range(epochs):
            values = [record.curves.get(name, []) for name in names]
            curves.append(
                [record.seed, record.number, epoch + 1]
                + [repr(value[epoch]) if epoch < len(value) else "" for value in values]
            )
    _write_csv(folder / "curves.csv", curves)
    metrics = run.metrics()
    write_text(folder / "metrics.json", json.dumps(metrics, indent=1))
    return metrics


def read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}): delete it and run again.") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} does not hold what a run writes: delete it and run again.")
    return content


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def _write_csv(path: Path, rows: list[list[Any]]) -> None:
    with whole_file(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def _record_from_json(file: Path, content: dict[str, Any]) -> FoldRecord:
    try:
        shared = {name: content[name] for name in (*_SHARED, "subject")}
        number = content.pop("fold")
        # The subject of a row counts before that of the fold, which may test a whole dataset.
        content["predictions"] = tuple(_prediction(shared | row) for row in content["predictions"])
        content["validation_subjects"] = tuple(content["validation_subjects"])
        return FoldRecord(number=number, **content)
    except (AttributeError, KeyError, TypeError) as error:
        raise InputError(
            f"{file} does not hold a fold's record ({error}): delete it and run again."
        ) from error


def _prediction(row: dict[str, Any]) -> Prediction:
    units = row.get("action_units")
    tuples = {"probabilities": tuple(row["probabilities"]),
              "action_units": None if units is None else tuple(units)}  # fmt: skip
    return Prediction(**{**row, **tuples})


def _units(row: Prediction, known: list[str]) -> list[str]:
    strengths = row.units or {}
    return ["+".join(row.action_units or ()),
            *(repr(strengths[unit]) if unit in strengths else "" for unit in known)]  # fmt: skip
