"""`dfr-keras fit`: leave-one-subject-out, or the network to deploy."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dfrnet_keras.cli.backend import start_keras
from dfrnet_keras.cli.evaluate import print_metrics
from dfrnet_keras.cli.progress import FoldProgress, clip_progress
from dfrnet_keras.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dfrnet_keras.datasets import Clip
    from dfrnet_keras.evaluation.learner import Learner
    from dfrnet_keras.models.recipe import BestRecipe, Recipe
    from dfrnet_keras.store import FeatureStore

_NETWORK_OPTIONS = ("features", "fusion", "attention", "stages", "backbone")


@click.command()
@click.option(
    "--dataset", help="casme2, smic, samm, megc2019, synthetic, synthetic-strong or flow-folder."
)
@click.option("--root", type=click.Path(path_type=Path), help="Its folder; by default the one "
              "named after it under $DFR_KERAS_DATA.")  # fmt: skip
@click.option("--store", "store_path", type=click.Path(path_type=Path),
              help="A feature store, instead of --dataset.")  # fmt: skip
@click.option("--size", type=int, help="Height and width of the maps; the prepared store's where "
              "there is one, else 224.")  # fmt: skip
@click.option("--flow", "flow_method", help="Optical flow, tvl1 or ilk; the prepared store's "
              "where there is one, else tvl1.")  # fmt: skip
@click.option("--model", default="dfrnet", show_default=True, help="Networks: dfrnet, ststnet, "
              "off-apexnet, rcn-a, dual-inception, featref, capsulenet. Without one: svm, "
              "bi-woof-svm, lbp-top-svm, majority. Trained on no clip: preset.")  # fmt: skip
@click.option("--recipe", type=click.Choice(["paper", "best"]), default="paper",
              show_default=True, help="paper: each network's published training, changed by the "
              "options below. best: this package's own, of dfrnet on flow alone.")  # fmt: skip
@click.option("--from-preset", metavar="NAME", help="As --recipe best, with the members of a "
              "preset (dfr-keras preset list).")  # fmt: skip
@click.option("--features", help="Views to use, of those in the store: T, S, D or several.")
@click.option("--fusion", help="dynamic, add, multiply or concat.")
@click.option("--attention", help="none, spatial, channel or all.")
@click.option("--stages", type=int, help="Stages of the ResNet, 1 to 4.")
@click.option("--backbone", help="resnet, alexnet, vgg, inception or vit.")
@click.option("--validation", help="subjects, none or test-subject (optimistic); the recipe's by "
              "default.")  # fmt: skip
@click.option("--protocol", help="composite (one subject held out, trained on all others; the "
              "default), single-database (trained on the others of its dataset) or "
              "hold-out-database (one dataset held out).")  # fmt: skip
@click.option("--epochs", type=int, help="At most so many.")
@click.option("--batch-size", type=int, help="Clips a step.")
@click.option("--learning-rate", type=float, help="Of Adam.")
@click.option("--patience", type=int, help="Epochs without a better validation loss.")
@click.option("--augment/--no-augment", default=None, help="Mirror and shift clips at random.")
@click.option("--class-weights/--no-class-weights", default=None, help="Weigh rare classes more.")
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True,
              help="How many seeds; every fold is run with each.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
              help="The first seed; the others follow it.")  # fmt: skip
@click.option("--folds", type=click.IntRange(1), help="Only the first so many folds.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True,
              help="Processes that train folds at the same time.")  # fmt: skip
@click.option("--scheduler", metavar="ADDRESS",
              help="Train folds on the workers of a Dask scheduler: tcp://host:8786.")  # fmt: skip
@click.option("--run-dir", type=click.Path(path_type=Path),
              help="Where the run is kept and resumed; ./runs/... by default.")  # fmt: skip
@click.option("--all-subjects", is_flag=True, help="Train one network on all subjects, to deploy.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def fit(
    dataset: str | None,
    root: Path | None,
    store_path: Path | None,
    size: int | None,
    flow_method: str | None,
    model: str,
    recipe: str,
    from_preset: str | None,
    validation: str | None,
    protocol: str | None,
    seeds: int,
    seed: int,
    folds: int | None,
    jobs: int,
    scheduler: str | None,
    run_dir: Path | None,
    all_subjects: bool,
    as_json: bool,
    **choices: Any,
) -> None:
    """Train and evaluate leave-one-subject-out.

    Each subject is tested once by a network trained on all the others; --protocol holds the
    others to the subject's own dataset, or holds out one dataset at a time. A run that was cut off
    goes on when the same command is given again. With --all-subjects one network is trained on
    all subjects and written to model.keras in the run folder: the one to deploy.
    """
    if (dataset is None) == (store_path is None):
        raise click.UsageError("Give either --dataset or --store.")
    if all_subjects and protocol is not None:
        raise click.UsageError("--all-subjects tests no subject: leave --protocol out.")
    if scheduler is not None and (all_subjects or jobs > 1):
        raise click.UsageError("--scheduler gives folds to a cluster: leave --jobs and "
                               "--all-subjects out.")  # fmt: skip
    from dfrnet_keras.learners.make import check_name, make_learner
    from dfrnet_keras.models.table import TRAINABLE

    check_name(model)
    training: Recipe | BestRecipe | None = None
    if recipe == "best" or from_preset is not None:
        training = _best(model, validation, choices)
    elif model in TRAINABLE:
        training = _training(model, validation, choices)
    if training is not None:
        start_keras()
        validation = training.validation
    else:
        if model == "preset":
            start_keras()
        validation = _without_training(model, validation, choices, all_subjects)
    store = _store(dataset, root, store_path, size, flow_method, jobs)
    from dfrnet_keras.evaluation import evaluate_loso
    from dfrnet_keras.evaluation.folds import unlearned_classes

    options = {name: choices[name] for name in _NETWORK_OPTIONS if choices[name] is not None}
    learner: Learner
    if from_preset is not None:
        from dfrnet_keras.learners.preset import FromPresetLearner
        from dfrnet_keras.models.recipe import BestRecipe

        assert isinstance(training, BestRecipe)
        learner = FromPresetLearner(store, from_preset, recipe=training)
    else:
        learner = make_learner(
            model,
            store,
            model_options=options,
            recipe=training,
            clips=lambda: _clips(dataset, root),
        )
    folder = run_dir or _default_run_dir(
        dataset or store.path.name, learner, validation, protocol or "composite"
    )
    if jobs == 1 or all_subjects:
        learner.prepare_process(os.cpu_count() or 1)
    with FoldProgress() as progress:
        if all_subjects:
            if store.settings.get("flow_method") == "tvl1":
                click.echo(
                    "Warning: this store's flow is TV-L1, some 60 times as slow as DIS (255 ms "
                    "against 4 ms at 224 x 224 where it was measured). A device that predicts must "
                    "compute the same flow: prepare with --flow dis for one that has to be quick.",
                    err=True,
                )
            from dfrnet_keras.learners import fit_for_deployment
            from dfrnet_keras.learners.motion import MotionLearner
            from dfrnet_keras.learners.network import NetworkLearner

            assert isinstance(learner, (NetworkLearner, MotionLearner))  # others turned away above
            learner.progress = progress
            path = fit_for_deployment(learner, folder, seed=seed)
            click.echo(json.dumps({"model": str(path)}) if as_json else f"Network: {path}")
            return
        unlearned = unlearned_classes(store, protocol or "composite")
        if unlearned:
            held_out = ", ".join(f"{name} when {unit} is held out" for unit, name in unlearned)
            click.echo(
                f"Warning: no clip is left to train on of {held_out}: those cannot be recognised.",
                err=True,
            )
        run = evaluate_loso(
            learner,
            store,
            run_dir=folder,
            jobs=jobs,
            seed=range(seed, seed + seeds),
            validation=validation,
            protocol=protocol or "composite",
            folds=folds,
            progress=progress,
            scheduler=scheduler,
        )
    metrics = run.metrics()
    print_metrics({**metrics, "run_dir": str(folder)}, as_json=as_json)
    if not as_json:
        click.echo(f"Run: {folder}")
    if metrics["folds"]["failed"]:
        click.echo(
            f"Error: {len(metrics['folds']['failed'])} fold(s) of {folder} failed: the figures "
            "leave their subjects out.",
            err=True,
        )
        sys.exit(1)


def _training(model: str, validation: str | None, choices: dict[str, Any]) -> Recipe:
    """The recipe of a network with what the command line changes in it."""
    from dfrnet_keras.models.recipe import Recipe
    from dfrnet_keras.models.table import paper_recipe

    names = {field.name for field in dataclasses.fields(Recipe)}
    changes = {name: value for name, value in choices.items() if name in names}
    changes["validation"] = validation
    return dataclasses.replace(
        paper_recipe(model), **{name: value for name, value in changes.items() if value is not None}
    )


def _best(model: str, validation: str | None, choices: dict[str, Any]) -> BestRecipe:
    """This package's own recipe, of which the command line changes the validation alone."""
    from dfrnet_keras.models.recipe import BestRecipe

    given = [f"--{name.replace('_', '-')}" for name, value in choices.items() if value is not None]
    if model != "dfrnet":
        given.insert(0, f"--model {model}")
    if given:
        raise InputError(f"--recipe best is one fixed training of dfrnet: leave out {given[0]}.")
    best = BestRecipe()
    return dataclasses.replace(best, validation=validation or best.validation)


def _without_training(
    model: str, validation: str | None, choices: dict[str, Any], all_subjects: bool
) -> str:
    """The validation of a model that has no epochs; warns of options without effect."""
    if all_subjects:
        raise InputError(
            f"--all-subjects trains a network to deploy, and {model} is none: "
            "evaluate it without --all-subjects, or choose a network."
        )
    if validation not in (None, "none"):
        raise InputError(
            f"{model} has no epochs to choose among, so it needs no validation: "
            "leave --validation out or give none."
        )
    ignored = [
        f"--{name.replace('_', '-')}"
        for name, value in choices.items()
        if value is not None and name not in _NETWORK_OPTIONS
    ]
    if ignored:
        click.echo(f"Warning: {model} is no network: no use for {', '.join(ignored)}.", err=True)
    return "none"


def _clips(dataset: str | None, root: Path | None) -> Sequence[Clip]:
    """The clips of a dataset, for what looks at their frames; none of a store given by itself."""
    from dfrnet_keras.datasets import load_dataset

    return [] if dataset is None else load_dataset(dataset, root)


def _store(
    dataset: str | None,
    root: Path | None,
    path: Path | None,
    size: int | None,
    flow_method: str | None,
    jobs: int,
) -> FeatureStore:
    from dfrnet_keras.store import FeatureStore, find_or_build

    if path is not None:
        if size is not None or flow_method is not None:
            raise click.UsageError("--size and --flow are those of the store: leave them out.")
        return FeatureStore.open(path)
    assert dataset is not None
    with clip_progress() as progress:
        return find_or_build(
            dataset, root, size=size, flow_method=flow_method, jobs=jobs, progress=progress
        )


def _default_run_dir(name: str, learner: Any, validation: str, protocol: str) -> Path:
    """The same folder for the same settings, so that giving a command again resumes its run."""
    from dfrnet_keras.evaluation.folds import describe_protocol, read_protocol

    identity = json.dumps([learner.settings, learner.store.digest, validation], sort_keys=True)
    digest = hashlib.sha256(identity.encode()).hexdigest()[:8]
    named, _ = read_protocol(describe_protocol(learner.store, protocol))
    return Path("runs") / f"{name}-{named}-{learner.model}-{digest}"
