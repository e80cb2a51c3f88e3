"""How `.tflite` files of a trained network answer on subjects it has never seen.

    python benchmarks/agreement.py train FOLDER      # draws clips, trains DFRNet at 56 x 56
    python benchmarks/agreement.py compare FOLDER    # converts it every way and compares

`compare` prints, for each way of quantising and for quantisation-aware training, pruning and
clustering, the share of clips to which Keras and the file give the same class, and UF1, all on
drawn clips of people that the training never saw. Ranges of int8 come from the training store.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from dfrnet_keras.datasets.synthetic import STRONG, load_synthetic
from dfrnet_keras.evaluation import uf1
from dfrnet_keras.evaluation.loso import versions
from dfrnet_keras.models.saving import load_network
from dfrnet_keras.store import FeatureStore
from dfrnet_keras.tflite import compress, convert, verify
from dfrnet_keras.tflite.benchmarking.timing import machine
from dfrnet_keras.tflite.compression.evaluate_files import evaluate_files
from dfrnet_keras.tflite.conversion.training_store import sample_rows, store_maps

KINDS = "none,float16,dynamic,int8,int16x8,qat,prune,cluster"
MODES = {"qat": ["int8"], "prune": ["none", "int8"], "cluster": ["none", "int8"]}
SHOWN = "{:14} agrees {:7.2%}, largest difference {:.4f}, UF1 {:.4f}, {:.2f} MB, zipped {:.2f}"


def train(options: argparse.Namespace) -> None:
    from dfrnet_keras.learners import fit_for_deployment
    from dfrnet_keras.learners.network import NetworkLearner
    from dfrnet_keras.models.table import paper_recipe

    started = time.perf_counter()
    clips = STRONG if options.strong else {}
    stores = {}
    # Another seed draws other people.
    for name, subjects, seed in (("seen", options.subjects, 0), ("unseen", options.unseen, 2026)):
        listed = load_synthetic(
            options.folder / "clips", subjects=subjects, balanced=True, seed=seed, **clips
        )
        stores[name] = FeatureStore.build(
            listed, options.folder / name, size=options.size, flow_method="dis"
        )
    drawn = time.perf_counter() - started
    recipe = dataclasses.replace(
        paper_recipe("dfrnet"),
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        patience=15,
    )
    learner = NetworkLearner("dfrnet", stores["seen"], recipe=recipe)
    learner.prepare_process(os.cpu_count() or 1)
    fit_for_deployment(learner, options.folder, seed=options.seed)
    print(
        f"{len(stores['seen'])} clips of {options.subjects} people, {len(stores['unseen'])} of "
        f"{options.unseen} others, drawn in {drawn:.0f} s; trained in "
        f"{time.perf_counter() - started - drawn:.0f} s"
    )


def compare(options: argparse.Namespace) -> None:
    model, description = load_network(options.folder / "model.keras")
    seen = FeatureStore.open(options.folder / "seen")
    unseen = FeatureStore.open(options.folder / "unseen")
    about = machine()
    print(json.dumps(about | versions()), time.strftime("%Y-%m-%d"))
    print(json.dumps(description["learner"]["recipe"] | description["training"]))
    names = [tensor.name for tensor in model.inputs]
    maps = {name: unseen.arrays[name][:] for name in names}
    rows = np.arange(len(unseen))
    for kind in options.only.split(","):
        source = model
        if kind in MODES:
            source = compress(model, seen, method=kind)
        for mode in MODES.get(kind, [kind]):
            content = convert(
                source,
                quantize=mode,
                representative_data=store_maps(seen, names, sample_rows(seen, 128)),
                description=description,
            )
            found = verify(model, content, maps)
            row = evaluate_files({kind: content}, unseen, rows, runs=0)[kind]
            if kind == "none":
                sure = np.mean(found.reference.max(-1) > 0.9)
                score = uf1(unseen.labels, found.reference.argmax(-1), len(unseen.classes))
                print(f"{'Keras':14} UF1 {score:.4f} on {len(unseen)} clips; {sure:.1%} of its "
                      "answers have a probability above 0.9")  # fmt: skip
            name = kind if kind == mode else f"{kind}, {mode}"
            sizes = row.bytes / 1e6, row.zipped / 1e6
            print(SHOWN.format(name, found.equal_classes, found.largest_difference, row.uf1,
                               *sizes), flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    steps = parser.add_subparsers(required=True)
    step = steps.add_parser("train")
    step.add_argument("folder", type=Path)
    step.add_argument("--subjects", type=int, default=64, help="people to train on")
    step.add_argument("--unseen", type=int, default=20, help="people to compare on")
    step.add_argument("--strong", action="store_true", help="movements that are easy to tell apart")
    step.add_argument("--size", type=int, default=56)
    step.add_argument("--epochs", type=int, default=60)
    step.add_argument("--learning-rate", type=float, default=1e-3)
    step.add_argument("--seed", type=int, default=0)
    step.set_defaults(run=train)
    step = steps.add_parser("compare")
    step.add_argument("folder", type=Path)
    step.add_argument("--only", default=KINDS)
    step.set_defaults(run=compare)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
