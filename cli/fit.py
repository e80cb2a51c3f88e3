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

from dfrnet_keras.cli import options as shared
from dfrnet_keras.cli.evaluate import print_metrics
from dfrnet_keras.cli.progress import clip_progress, fold_progress
from dfrnet_keras.errors import InputError
from dfrnet_keras.startup import start_keras

if TYPE_CHECKING:
    from dfrnet_keras.models.recipe import BestRecipe, Recipe
    from dfrnet_keras.store import FeatureStore

_NETWORK_OPTIONS = ("features", "fusion", "attention", "stages", "backbone")


@click.command()
@shared.dataset()
@shared.root
@shared.classes
@click.option("--store", "store_path", type=shared.PATH,
              help="A feature store, instead of --dataset.")  # fmt: skip
@click.option("--size", type=int, help="Height and width of the maps; the prepared store's where "
              "there is one, else 224.")  # fmt: skip
@click.option("--flow", "flow_method", help="Optical flow, tvl1 or ilk; the prepared store's "
              "where there is one, else tvl1.")  # fmt: skip
@click.option("--model", default="dfrnet", show_default=True, help="Networks: dfrnet, ststnet, "
              "off-apexnet, rcn-a, dual-inception, featref, capsulenet, htnet, htnet-small, "
              "me-plan, fgrl-auf, sssnet. Without one: svm, bi-woof-svm, lbp-top-svm, "
              "majority.")  # fmt: skip
@click.option("--recipe", type=click.Choice(["paper", "best"]), default="paper",
              show_default=True, help="paper: each network's published training, changed by the "
              "options below. best: this package's own, of dfrnet on flow alone.")  # fmt: skip
@click.option("--from-preset", metavar="NAME", help="As --recipe best, with the members of a "
              "preset (dfr-keras preset list) in place of those it would train.")  # fmt: skip
@click.option("--features", help="Views to use, of those in the store: T, S, D or several.")
@shared.network
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
@click.option("--run-dir", type=shared.PATH,
              help="Where the run is kept and resumed; ./runs/... by default.")  # fmt: skip
@click.option("--all-subjects", is_flag=True, help="Train one network on all subjects, to deploy.")
@shared.json_output
def fit(
    dataset: str | None,
    root: Path | None,
    classes: str,
    store_path: Path | None,
    size: int | None,
    flow_method: str | None,
    model: str,
    recipe: str,
    from_preset: str | None,
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
    changed = classes not in ("megc2019", "three")
    if store_path is not None and (size is not None or flow_method is not None or changed):
        raise click.UsageError("--size, --flow and --classes are those of the store: "
                               "leave them out.")  # fmt: skip
    from dfrnet_keras.evaluation import evaluate_loso
    from dfrnet_keras.learners.make import check_name, make_learner
    from dfrnet_keras.paper.runs import Source

    check_name(model)
    changes = {name: value for name, value in choices.items() if value is not None}
    options = {name: changes.pop(name) for name in _NETWORK_OPTIONS if name in changes}
    training = _training(model, "best" if from_preset else recipe, options, changes)
    if training is not None or model == "preset":
        start_keras()
    if all_subjects and training is None:
        raise InputError(
            f"--all-subjects trains a network to deploy, and {model} is none: "
            "evaluate it without --all-subjects, or choose a network."
        )
    with clip_progress() as clips_bar:
        source = Source(dataset, root, store_path, size, flow_method, jobs, clips_bar, classes)
        store = source.store
    learner = make_learner(
        model,
        store,
        model_options=options,
        recipe=training,
        clips=lambda: source.clips,
        from_preset=from_preset,
    )
    validation = "none" if training is None else training.validation
    protocol = protocol or "composite"
    folder = run_dir or _default_run_dir(dataset or store.path.name, learner, validation, protocol)
    if jobs == 1 or all_subjects:
        learner.prepare_process(os.cpu_count() or 1)
    if all_subjects:
        path = _fit_for_deployment(learner, folder, seed)
        click.echo(json.dumps({"model": str(path)}) if as_json else f"Network: {path}")
        return
    _warn_of_unlearned_classes(store, protocol)
    with fold_progress() as progress:
        run = evaluate_loso(
            learner,
            store,
            run_dir=folder,
            jobs=jobs,
            seed=range(seed, seed + seeds),
            validation=validation,
            protocol=protocol,
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


def _training(
    model: str, recipe: str, options: dict[str, Any], changes: dict[str, Any]
) -> Recipe | BestRecipe | None:
    """The recipe with what the command line changes in it; `None` of a model without epochs."""
    from dfrnet_keras.models.recipe import BestRecipe
    from dfrnet_keras.models.table import TRAINABLE, paper_recipe

    given = [f"--{name.replace('_', '-')}" for name in changes if name != "validation"]
    if recipe == "best":
        given = [*(f"--{name}" for name in options), *given]
        if model != "dfrnet":
            given.insert(0, f"--model {model}")
        if given:
            raise InputError(
                f"--recipe best is one fixed training of dfrnet: leave out {given[0]}."
            )
        return dataclasses.replace(BestRecipe(), **changes)
    if model in TRAINABLE:
        return dataclasses.replace(paper_recipe(model), **changes)
    if changes.get("validation", "none") != "none":
        raise InputError(
            f"{model} has no epochs to choose among, so it needs no validation: "
            "leave --validation out or give none."
        )
    if given:
        click.echo(f"Warning: {model} is no network: no use for {', '.join(given)}.", err=True)
    return None


def _fit_for_deployment(learner: Any, folder: Path, seed: int) -> Path:
    from dfrnet_keras.learners import fit_for_deployment

    if learner.store.settings.get("flow_method") == "tvl1":
        click.echo(
            "Warning: this store's flow is TV-L1, some 60 times as slow as DIS (255 ms "
            "against 4 ms at 224 x 224 where it was measured). A device that predicts must "
            "compute the same flow: prepare with --flow dis for one that has to be quick.",
            err=True,
        )
    with fold_progress() as learner.progress:
        return fit_for_deployment(learner, folder, seed=seed)


def _warn_of_unlearned_classes(store: FeatureStore, protocol: str) -> None:
    from dfrnet_keras.evaluation.folds import unlearned_classes

    unlearned = unlearned_classes(store, protocol)
    if unlearned:
        held_out = ", ".join(f"{name} when {unit} is held out" for unit, name in unlearned)
        click.echo(
            f"Warning: no clip is left to train on of {held_out}: those cannot be recognised.",
            err=True,
        )


def _default_run_dir(name: str, learner: Any, validation: str, protocol: str) -> Path:
    """The same folder for the same settings, so that giving a command again resumes its run."""
    from dfrnet_keras.evaluation.folds import describe_protocol, read_protocol

    identity = json.dumps([learner.settings, learner.store.digest, validation], sort_keys=True)
    digest = hashlib.sha256(identity.encode()).hexdigest()[:8]
    named, _ = read_protocol(describe_protocol(learner.store, protocol))
    return Path("runs") / f"{name}-{named}-{learner.model}-{digest}"
