"""What an accelerator is worth, and the published trainings that two cores have no time for.

    python benchmarks/accelerator.py STORE --out OUT [--parts steps,folds,flow,fit]

STORE is a feature store, such as `dfr-keras prepare --dataset flow-folder` makes of the maps of
MEGC 2019. Parts, each a process with a limit of its own, its figures printed as JSON and kept in
OUT/figures.json; what is there already is not done again:

- steps: DFR-Net at 224 on drawn numbers, clips a second in float32 and mixed precision;
- folds: folds an hour side by side (`learners/folds_together.py`) and one after the other;
- flow: `layers.OpticalFlow` on pairs of 224 in batches, pairs a second;
- fit: leave-one-subject-out by the published training of each of `--models`, run folders in OUT.
  `NAME+test-subject` trains once more as codes do that choose the epoch by the test subject.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

MODELS = (
    "ststnet,off-apexnet,rcn-a,featref,capsulenet,dual-inception,dfrnet,"
    "ststnet+test-subject,off-apexnet+test-subject,rcn-a+test-subject,featref+test-subject,"
    "capsulenet+test-subject,dual-inception+test-subject,dfrnet+test-subject"
)
FOLDS_OF = "ststnet,off-apexnet,rcn-a,dfrnet"
LIMITS = {"steps": 100, "folds": 150, "flow": 60, "fit": 300}  # seconds


def about():
    import jax
    import keras

    (device,) = jax.local_devices()[:1]
    return {"device": device.device_kind, "jax": jax.__version__, "keras": keras.__version__}


def memory():
    import jax

    stats = jax.local_devices()[0].memory_stats() or {}
    return round(stats.get("peak_bytes_in_use", 0) / 1e9, 2)


def steps(_, precision, batch):
    """Clips a second of a training step of DFR-Net at 224."""
    import jax
    import keras

    from dfrnet_keras.models import build_model
    from dfrnet_keras.models.losses import loss_of

    keras.mixed_precision.set_dtype_policy(precision)
    network = build_model("dfrnet", classifier_activation=None)
    network.compile(optimizer=keras.optimizers.Adam(1e-5), loss=loss_of("dfrnet"))
    random = np.random.default_rng(0)
    maps = {t.name: random.normal(size=(batch, *t.shape[1:])).astype("f4") for t in network.inputs}
    labels = random.integers(0, 3, batch)
    for _ in range(3):
        network.train_on_batch(maps, labels)
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < 6:
        network.train_on_batch(maps, labels)
        count += batch
    jax.block_until_ready([v.value for v in network.trainable_variables])
    return {
        "clips a second": round(count / (time.perf_counter() - started), 1),
        "peak GB": memory(),
    }


def folds(store, model, together):
    """Folds an hour of the published training, from a few of its epochs."""
    from dfrnet_keras.evaluation.folds import loso_folds
    from dfrnet_keras.learners.folds_together import fit_together
    from dfrnet_keras.learners.network import NetworkLearner
    from dfrnet_keras.models.table import paper_recipe

    published = paper_recipe(model)

    trainer = NetworkLearner(model, store).trainer
    some = loso_folds(store, validation=published.validation)[: None if together else 1]

    def seconds(epochs):
        trainer.recipe = replace(published, epochs=epochs, patience=None)
        started = time.perf_counter()
        if together:
            for _ in fit_together(trainer, some, 0):
                pass
        else:
            for fold in some:
                trainer.fit(fold, 0)
        return (time.perf_counter() - started) / len(some)

    few, more = (2, 22) if together else (2, 12)
    seconds(few)  # compiles
    short, long = seconds(few), seconds(more)
    epoch = max(long - short, 1e-9) / (more - few)
    return {"folds an hour": round(3600 / (epoch * published.epochs)), "ms an epoch": 1e3 * epoch}


def flow(_, batch):
    """Pairs of 224 x 224 a second."""
    import jax

    from dfrnet_keras.layers import OpticalFlow

    layer = OpticalFlow()
    random = np.random.default_rng(0)
    pair = [jax.device_put(random.uniform(0, 255, (batch, 224, 224, 1)).astype("f4"))
            for _ in range(2)]  # fmt: skip
    run = jax.jit(lambda first, second: layer([first, second]))
    run(*pair).block_until_ready()
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < 4:
        run(*pair).block_until_ready()
        count += batch
    return {"pairs a second": round(count / (time.perf_counter() - started)), "peak GB": memory()}


def fit(store, name, seeds, out):
    """Leave-one-subject-out by the published training."""
    from dfrnet_keras.evaluation import evaluate_loso
    from dfrnet_keras.learners.network import NetworkLearner
    from dfrnet_keras.models.table import paper_recipe

    model, _, validation = name.partition("+")
    recipe = paper_recipe(model)
    if validation:
        # Codes that choose by the test subject go through every epoch.
        recipe = replace(recipe, validation=validation, patience=None)
    learner = NetworkLearner(model, store, recipe=recipe)
    started = time.perf_counter()
    run = evaluate_loso(learner, store, run_dir=Path(out) / name, seed=range(seeds),
                        validation=recipe.validation)  # fmt: skip
    metrics = run.metrics()
    found = {key: metrics[key] for key in ("uf1", "uar")}
    return {**found, "seconds": round(time.perf_counter() - started), "epochs": recipe.epochs,
            "seeds": seeds, "failed": len(metrics["folds"]["failed"])}  # fmt: skip


PARTS = {"steps": steps, "folds": folds, "flow": flow, "fit": fit}


def tasks(options):
    for part in options.parts.split(","):
        if part == "steps":
            for precision in ("float32", "mixed_bfloat16"):
                yield part, [precision, 32]
        elif part == "folds":
            for model in options.folds_of.split(","):
                yield from ((part, [model, together]) for together in (True, False))
        elif part == "flow":
            yield part, [64]
        else:
            yield from ((part, [name, options.seeds, str(options.out.resolve())])
                        for name in options.models.split(","))  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--parts", default="steps,folds,flow,fit")
    parser.add_argument("--models", default=MODELS)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--limit", type=float, default=480, help="seconds for everything (480)")
    parser.add_argument("--folds-of", default=FOLDS_OF, help="models of the part folds")
    parser.add_argument("--at-once", type=int, default=4, help="trainings side by side (4)")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        from dfrnet_keras.startup import start_keras
        from dfrnet_keras.store import FeatureStore

        start_keras()
        part, arguments = json.loads(options.one)
        figures = PARTS[part](FeatureStore.open(options.store), *arguments)
        print(json.dumps({**figures, **about()}))
        return
    options.out.mkdir(parents=True, exist_ok=True)
    kept = options.out / "figures.json"
    figures = json.loads(kept.read_text()) if kept.is_file() else {}
    end, lock = time.monotonic() + options.limit, threading.Lock()

    def do(task):
        part, arguments = task
        name = " ".join([part, *map(str, arguments[:2])])
        left = min(LIMITS[part], end - time.monotonic())
        if name in figures or left < 10:
            return
        command = [sys.executable, __file__, str(options.store), "--out", str(options.out), "--one",
                   json.dumps(task)]  # fmt: skip
        environment = {
            "KERAS_BACKEND": "jax",
            "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
            **os.environ,
        }
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=left,
                                  env=environment, check=False)  # fmt: skip
        except subprocess.TimeoutExpired:
            print(f"{name}: not ready after {left:.0f} s; its run folder is kept", flush=True)
            return
        if done.returncode:
            print(f"{name}: failed\n{done.stderr[-1500:]}", flush=True)
            return
        with lock:
            figures[name] = json.loads(done.stdout.splitlines()[-1])
            print(name, json.dumps(figures[name]), flush=True)
            kept.write_text(json.dumps(figures, indent=1))

    # What is timed runs alone; trainings share the accelerator, each with its own compilation.
    every = list(tasks(options))
    for task in every:
        if task[0] != "fit":
            do(task)
    with ThreadPoolExecutor(options.at_once) as pool:
        list(pool.map(do, [task for task in every if task[0] == "fit"]))


if __name__ == "__main__":
    main()
