"""A dataset of your own, from clips to leave-one-subject-out figures and a report.

The clips are drawn, so that it runs as it is; put a list of `Clip` of yours in their place.

    python examples/own_dataset.py
"""

from dataclasses import replace
from pathlib import Path

from dfrnet_keras.datasets.synthetic import load_synthetic
from dfrnet_keras.evaluation import evaluate_loso
from dfrnet_keras.learners.make import make_learner
from dfrnet_keras.models import paper_recipe
from dfrnet_keras.report import write_report
from dfrnet_keras.store import FeatureStore


def main(folder: str = "own_dataset", subjects: int = 6, epochs: int = 10) -> dict:
    # 1. Your clips: Clip(dataset="mine", subject="01", name="smile", frames=[...], onset=0,
    # apex=None, offset=12, label="positive"). Where no apex is annotated it is spotted.
    clips = load_synthetic(Path(folder) / "clips", subjects=subjects, clips_per_subject=6)

    # 2. Flow, strain, apex frame and difference, computed once.
    store = FeatureStore.build(clips, Path(folder) / "store", size=28, flow_method="dis")

    # 3. A network, and the floor to hold it against: each person is tested by what never saw them.
    recipe = replace(paper_recipe("ststnet"), epochs=epochs)
    learner = make_learner("ststnet", store, recipe=recipe)
    run = evaluate_loso(learner, store, run_dir=Path(folder) / "run", validation="none")
    floor = evaluate_loso(make_learner("majority", store), store, validation="none")
    print(f"UF1 {run.metrics()['uf1']:.3f}, most frequent class {floor.metrics()['uf1']:.3f}")

    # 4. One page about it: figures with intervals, people, mistakes.
    print(write_report(Path(folder) / "run"))
    return run.metrics()


if __name__ == "__main__":
    main()
