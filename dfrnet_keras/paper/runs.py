"""The rows of a table that are trained: each a run of its own, resumed where it is there."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dfrnet_keras.errors import InputError
from dfrnet_keras.paper.experiments import Effort, Row

if TYPE_CHECKING:
    from dfrnet_keras.datasets import Clip
    from dfrnet_keras.evaluation import Run
    from dfrnet_keras.evaluation.learner import Progress
    from dfrnet_keras.models.recipe import Recipe
    from dfrnet_keras.store import FeatureStore


@dataclass
class Source:
    """The data that the rows are trained on: a dataset whose store is found or built, or a store.

    Attributes:
        dataset, root: As for `load_dataset`; `None` where a store is named.
        store_path: The store, instead of a dataset.
        size: Of the maps that are built; `None` takes a prepared store's, else the paper's 224.
        flow_method: Likewise; `None` is else TV-L1.
        jobs: Processes that build maps.
        progress: See `FeatureStore.build`.
        classes: As for `load_dataset`; a store has its own.
    """

    dataset: str | None = None
    root: Path | None = None
    store_path: Path | None = None
    size: int | None = None
    flow_method: str | None = None
    jobs: int = 1
    progress: Callable[[int, int], None] | None = None
    classes: str = "megc2019"

    @property
    def name(self) -> str:
        return self.dataset or str(self.store_path)

    @cached_property
    def store(self) -> FeatureStore:
        """The store; opened or built on first use."""
        from dfrnet_keras.store import FeatureStore, find_or_build, open_or_build

        if self.store_path is not None:
            return FeatureStore.open(self.store_path)
        assert self.dataset is not None
        options: dict[str, Any] = {
            "size": self.size, "flow_method": self.flow_method, "jobs": self.jobs,
            "progress": self.progress, "classes": self.classes,
        }  # fmt: skip
        if self.size is None or self.flow_method is None:
            return find_or_build(self.dataset, self.root, **options)
        return open_or_build(self.dataset, self.root, **options)

    def store_of(self, row: Row) -> FeatureStore:
        """The store with maps of the size that a row was published with, where it can be built."""
        from dfrnet_keras.store import open_or_build

        fixed = self.dataset in (None, "flow-folder") or row.size in (None, self.store.size)
        if fixed or self.dataset is None or row.size is None:
            return self.store
        return open_or_build(
            self.dataset, self.root, size=row.size,
            flow_method=self.store.settings["flow_method"], jobs=self.jobs, progress=self.progress,
            classes=self.classes,
        )  # fmt: skip

    @cached_property
    def clips(self) -> Sequence[Clip]:
        """The clips with their frames.

        Raises:
            InputError: A store was named, which has no frames.
        """
        from dfrnet_keras.datasets import load_dataset

        if self.dataset is None:
            raise InputError(
                f"{self.store_path} holds maps, not the frames that this needs: give --dataset."
            )
        return load_dataset(self.dataset, self.root, classes=self.classes)


def train_row(
    row: Row,
    source: Source,
    effort: Effort,
    run_dir: Path,
    progress: Progress | None = None,
) -> Run:
    """Run what a row needs, or go on with the run that is in its folder.

    Args:
        row: A row whose `model` can be built and whose maps are there.
        source: The data.
        effort: How much of the training is done.
        run_dir: Folder of runs; this one gets a folder in it, the same for the same settings.
        progress: See `evaluate_loso`.

    Raises:
        InputError: The network cannot look at the store, or see `evaluate_loso`.
    """
    from dfrnet_keras.evaluation import evaluate_loso
    from dfrnet_keras.learners.make import make_learner

    assert row.model is not None
    store = source.store_of(row)
    recipe = _recipe(row, effort)
    learner = make_learner(
        row.model, store, model_options=row.options, recipe=recipe, clips=lambda: source.clips
    )
    validation = recipe.validation if recipe else "none"
    if effort.jobs == 1:
        learner.prepare_process(os.cpu_count() or 1)
    identity = json.dumps([learner.settings, store.digest, validation], sort_keys=True)
    words = [source.dataset or store.path.name, row.model, *map(str, row.options.values())]
    name = "-".join([*words, hashlib.sha256(identity.encode()).hexdigest()[:8]])
    return evaluate_loso(
        learner,
        store,
        run_dir=run_dir / name,
        jobs=effort.jobs,
        seed=range(effort.seeds),
        validation=validation,
        folds=1 if _is_vit(row) and effort.quick else effort.folds,
        progress=progress,
    )


def scores_of(run: Run) -> dict[str, Any]:
    """What a table shows of a run, from its rows.

    Returns:
        `uf1`, `uar`, `interval`, `spread`, `clips` pooled over all clips; under `datasets` the
        same of the clips of each; `folds`, `protocol`, `validation`, `optimistic`, `complete`;
        `epochs`, the median over folds of the epoch that was kept, `None` without epochs;
        `size` of the maps; `seconds` of training over all folds; `run_dir`.
    """
    metrics = run.metrics()
    kept = ("uf1", "uar", "interval", "spread", "clips", "folds", "protocol", "validation",
            "optimistic", "complete")  # fmt: skip
    epochs = [record.epoch for record in run.folds if not record.failure and record.epoch]
    return {
        **{name: metrics[name] for name in kept},
        "datasets": {
            name: {key: figures[key] for key in ("uf1", "uar", "clips", "subjects")}
            for name, figures in metrics["datasets"].items()
        },
        "epochs": statistics.median(epochs) if epochs else None,
        "size": run.settings["store"]["settings"].get("size"),
        "seconds": sum(record.seconds for record in run.folds),
        "run_dir": str(run.path),
    }


def _is_vit(row: Row) -> bool:
    return row.options.get("backbone") == "vit"


def _recipe(row: Row, effort: Effort) -> Recipe | None:
    """The published training of a network, shortened; nothing for a kernel machine."""
    from dfrnet_keras.models.table import paper_recipe
    from dfrnet_keras.paper.costs import is_network

    if not is_network(row):
        return None
    assert row.model is not None
    recipe = paper_recipe(row.model)
    if effort.epochs is not None:
        recipe = dataclasses.replace(recipe, epochs=effort.epochs)
    if effort.quick and _is_vit(row):
        recipe = dataclasses.replace(recipe, epochs=1, batch_size=8)
    return recipe
