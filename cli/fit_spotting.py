"""`dfr-keras fit-spotting`: baselines of spotting, each subject left out in turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dfrnet_keras.cli import options as shared
from dfrnet_keras.cli.evaluate_spotting import print_scores
from dfrnet_keras.cli.progress import clip_progress

METHODS = ("spot", "nothing", "chance", "mdmd", "map-means", "softnet")


@click.command()
@shared.recordings
@shared.root
@click.option("--method", type=click.Choice(METHODS), default="softnet", show_default=True,
              help="spot is what dfr-keras spot does; softnet is trained; mdmd is the baseline of "
              "MEGC 2020; map-means is SOFTNet without its network.")  # fmt: skip
@click.option("--kind", type=click.Choice(["micro", "macro", "both"]), default="both",
              show_default=True, help="What to look for.")  # fmt: skip
@click.option("--thresholds", default="published", show_default=True,
              type=click.Choice(["published", "training-subjects", "test-subject"]),
              help="What chooses p; test-subject does as some published codes do, and is "
              "optimistic.")  # fmt: skip
@click.option("--folds", type=click.IntRange(2), help="Groups of subjects that are left out "
              "together.  [default: one subject at a time]")  # fmt: skip
@click.option("--epochs", type=click.IntRange(1), default=10, show_default=True,
              help="Of softnet.")  # fmt: skip
@click.option("--frame-rate", type=click.FloatRange(5), default=30.0, show_default=True,
              help="Faster recordings are thinned out to about that.")  # fmt: skip
@click.option("--flow", type=click.Choice(["tvl1", "ilk", "dis", "dis-fast", "farneback"]),
              default="dis", show_default=True, help="tvl1 is the published one.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--out", type=shared.PATH, help="Write the finds there (.json or .csv).")
@shared.json_output
def fit_spotting(
    dataset: str,
    root: Path | None,
    method: str,
    kind: str,
    epochs: int,
    seed: int,
    out: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Spot in the recordings of each subject, after training on those of the others.

    Prints the figures of evaluate-spotting. It is a command beside `fit`, whose store, networks,
    views and recipes are about clips.
    """
    from dfrnet_keras.atomic import check_writable
    from dfrnet_keras.datasets.recording import load_recordings
    from dfrnet_keras.evaluation.spotting import evaluate_finds, write_finds
    from dfrnet_keras.evaluation.spotting.baselines import (
        Chance,
        MainDirections,
        MapMeans,
        Nothing,
        PackageSpotter,
    )
    from dfrnet_keras.evaluation.spotting.leave_subjects_out import spot_leaving_subjects_out

    looking = {"frame_rate": options.pop("frame_rate"), "flow": options.pop("flow")}
    if method == "softnet":
        from dfrnet_keras.learners.softnet import SoftNetLearner

        learner: Any = SoftNetLearner(epochs=epochs, **looking)
    else:
        classes = (PackageSpotter, Nothing, Chance, MainDirections, MapMeans)
        learner = {one.name: one for one in classes}[method](**looking)
    if out is not None:
        check_writable(out)
    recordings = load_recordings(dataset, root)
    kinds = ("micro", "macro") if kind == "both" else (kind,)
    with clip_progress("recordings") as progress:
        run = spot_leaving_subjects_out(
            learner, recordings, kinds=kinds, seed=seed, progress=progress, **options
        )
    if out is not None:
        write_finds(out, run.finds, method=method, optimistic=run.optimistic)
    print_scores(evaluate_finds(recordings, run.finds), method, run.optimistic, as_json=as_json)
