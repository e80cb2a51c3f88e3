"""Folds of a network advanced together by `jax.vmap`, beside one after the other.

    python benchmarks/folds_together.py --models ststnet,dfrnet --processor

Four folds take steps of the published batch size at 28 x 28 pixels, on drawn numbers: in JAX all in
one step and one by one, in TensorFlow one by one as `NetworkLearner` trains. Weights, BatchNorm
statistics, seeds of dropout and optimizer are states of each fold; that losses agree is checked.
`--processor` keeps to one core and counts processor time, for a machine that others use too.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from functools import partial

import numpy as np

FOLDS, SIZE, STEPS = 4, 28, 4
clock = time.process_time if "--processor" in sys.argv else time.perf_counter


def in_tensorflow(build, optimizer, loss, model, batches):
    from dfrnet_keras.learners.fast_graph import FastGraph

    network = FastGraph(build, model).network
    network.compile(optimizer=optimizer, loss=loss)
    for maps, labels in batches[:2]:  # traces
        network.train_on_batch(maps, labels)
    started = clock()
    for maps, labels in batches * STEPS:
        network.train_on_batch(maps, labels)
    return {"TensorFlow, alone": (clock() - started) / STEPS / FOLDS}


def in_jax(build, optimizer, loss, model, batches):
    import jax
    import keras

    states = []
    for seed in range(FOLDS):
        keras.utils.set_random_seed(seed)
        network = build()
        optimizer.build(network.trainable_variables)
        every = network.trainable_variables, network.non_trainable_variables, optimizer.variables
        states.append([[np.asarray(v.value) for v in some] for some in every])

    def step(trained, others, moments, maps, labels):
        def forward(trained):
            answers, after = network.stateless_call(trained, others, maps, training=True)
            return loss(labels, answers), after

        (lost, others), gradients = jax.value_and_grad(forward, has_aux=True)(trained)
        trained, moments = optimizer.stateless_apply(moments, gradients, trained)
        return [trained, others, moments], lost

    one, many = jax.jit(step), jax.jit(jax.vmap(step))
    together = jax.tree.map(lambda *some: np.stack(some), *states)
    stacked = jax.tree.map(lambda *some: np.stack(some), *batches)
    seconds = np.zeros(2)
    for number in range(1 + STEPS):
        started = clock()
        together, lost = jax.block_until_ready(many(*together, *stacked))
        between = clock()
        done = [one(*state, *batch) for state, batch in zip(states, batches, strict=True)]
        states = [state for state, _ in jax.block_until_ready(done)]
        if number:
            seconds += between - started, clock() - between
        else:  # compiles
            np.testing.assert_allclose(lost, [own for _, own in done], rtol=1e-4)
    return dict(zip(("JAX, together", "JAX, alone"), seconds / STEPS / FOLDS, strict=True))


def measure(model):
    import keras

    from dfrnet_keras.models import build_model
    from dfrnet_keras.models.losses import loss_of
    from dfrnet_keras.models.table import TABLE

    build = partial(build_model, model, input_size=SIZE, classifier_activation=None)
    random, batch = np.random.default_rng(0), TABLE[model].recipe.batch_size
    inputs = {tensor.name: (batch, *tensor.shape[1:]) for tensor in build().inputs}
    batches = [
        ({name: random.normal(size=shape).astype("f4") for name, shape in inputs.items()},
         random.integers(0, 3, batch)) for _ in range(FOLDS)
    ]  # fmt: skip
    run = in_jax if keras.backend.backend() == "jax" else in_tensorflow
    return run(build, keras.optimizers.Adam(1e-4), loss_of(model), model, batches)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", default="ststnet,off-apexnet,rcn-a,dfrnet")
    parser.add_argument("--processor", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one)))
        return
    if options.processor:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for model in options.models.split(","):
        found = {}
        for backend in ("jax", "tensorflow") * 3:
            environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
            command = [sys.executable, *sys.argv, "--one", model]
            done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
            for name, seconds in json.loads(done.stdout.splitlines()[-1]).items():
                found.setdefault(name, []).append(1e3 * seconds)
        for name, spent in found.items():
            print(f"{model} in {name}: {statistics.median(spent):.1f} ms a fold and step of", spent)


if __name__ == "__main__":
    main()
