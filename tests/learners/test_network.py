"""The two tests that guard the protocol stand here: no leak from the held-out subject, no leak
from one fold into the next."""

import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation import evaluate_loso, loso_folds
from dfrnet_keras.learners import NetworkLearner, fit_all_subjects
from dfrnet_keras.models.recipe import Recipe

RECIPE = Recipe(learning_rate=1e-3, batch_size=4, epochs=2, patience=None, augment=True)
OPTIONS = {"dfrnet": {"stages": 1}, "ststnet": {}}


@pytest.fixture(scope="module")
def stores(make_store):
    """The store that each network looks at."""
    return {"dfrnet": make_store(size=16, views="TSD"), "ststnet": make_store()}


def learner_of(model, store, recipe=RECIPE):
    return NetworkLearner(model, store, model_options=OPTIONS[model], recipe=recipe)


def answers(learner, store, numbers, seed=0, **options):
    """Probabilities of some folds, by fold, each one number for number."""
    folds = [loso_folds(store, **options)[number] for number in numbers]
    return {
        fold.number: (chances.tolist(), history["loss"])
        for fold, chances, history in learner.fit_predict(folds, seed)
    }


@pytest.mark.parametrize("model", ["dfrnet", "ststnet"])
def test_labels_of_the_held_out_subject_change_nothing(model, stores, with_other_labels):
    store = stores[model]
    fold, *others = loso_folds(store)
    other = with_other_labels(store, fold.subject)
    assert store.digest != other.digest
    # Where that subject is trained on, its labels do count.
    trained_on = next(other.number for other in others if set(fold.test) <= set(other.train))
    first = answers(learner_of(model, store), store, [fold.number, trained_on])
    second = answers(learner_of(model, other), other, [fold.number, trained_on])
    assert first[fold.number] == second[fold.number]
    assert first[trained_on] != second[trained_on]


_FRESH = """
    import json, sys
    from dfrnet_keras.evaluation.folds import loso_folds
    from dfrnet_keras.learners.network import NetworkLearner
    from dfrnet_keras.models.recipe import Recipe
    from dfrnet_keras.store import FeatureStore

    model, path, number, options, recipe = json.loads(sys.argv[1])
    store = FeatureStore.open(path)
    learner = NetworkLearner(model, store, model_options=options, recipe=Recipe(**recipe))
    fold = loso_folds(store)[number]
    ((_, chances, history),) = learner.fit_predict([fold], 0)
    print(json.dumps([chances.tolist(), history["loss"]]))
"""


def in_fresh_process(model, store, number, backend="tensorflow"):
    work = json.dumps([model, str(store.path), number, OPTIONS[model], RECIPE.as_dict()])
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_FRESH), work],
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            # On JAX most of the time goes into compiling: leave out what only makes code faster.
            "XLA_FLAGS": "--xla_backend_optimization_level=0" if backend == "jax" else "",
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    chances, loss = json.loads(run.stdout.splitlines()[-1])
    return chances, loss


@pytest.mark.parametrize(
    ("model", "numbers"),
    [
        pytest.param("dfrnet", [0, 1], id="dfrnet", marks=pytest.mark.slow),
        pytest.param("ststnet", [3, 1], id="ststnet"),
    ],
)
def test_folds_after_each_other_are_those_of_fresh_processes(model, numbers, stores):
    store = stores[model]
    together = answers(learner_of(model, store), store, numbers)
    # Whichever fold came second: the first one started as a fresh process starts.
    assert tuple(together[numbers[1]]) == in_fresh_process(model, store, numbers[1])


def test_a_fold_gives_the_same_wherever_it_comes(stores):
    store = stores["ststnet"]
    learner = learner_of("ststnet", store)
    forward, backward = answers(learner, store, [0, 1, 4]), answers(learner, store, [4, 1, 0])
    assert forward == backward
    assert answers(learner, store, [4]) == {4: forward[4]}


def test_seeds(stores):
    store = stores["ststnet"]
    learner = learner_of("ststnet", store)
    zero, one = answers(learner, store, [0], seed=0), answers(learner, store, [0], seed=1)
    assert zero[0][0] != one[0][0]
    assert answers(learner, store, [0], seed=0) == zero


def test_everything_starts_anew(stores):
    """Weights, statistics, optimizer and seed generators are again those of the start."""
    store = stores["ststnet"]
    learner = learner_of("ststnet", store)
    trainer = learner.trainer
    fold = loso_folds(store)[0]

    def state():
        variables = [*trainer.network.variables, *trainer.network.optimizer.variables]
        return [np.array(variable) for variable in variables]

    trainer.start_anew(fold, 0)
    initial = state()
    trainer.fit(fold, 0)
    trained = state()
    changed = [not np.array_equal(a, b) for a, b in zip(initial, trained, strict=True)]
    names = [v.path for v in [*trainer.network.variables, *trainer.network.optimizer.variables]]
    moved = " ".join(name for name, change in zip(names, changed, strict=True) if change)
    for part in ("kernel", "moving_mean", "seed_generator_state", "iteration", "momentum"):
        assert part in moved
    trainer.start_anew(fold, 0)
    for a, b in zip(initial, state(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_normalisation_is_that_of_the_training_clips(stores):
    from dfrnet_keras.models import normalization_layers

    store = stores["dfrnet"]
    trainer = learner_of("dfrnet", store).trainer
    fold = loso_folds(store)[1]
    trainer.start_anew(fold, 0)
    layers = normalization_layers(trainer.network)
    assert set(layers) == {"apex", "difference", "flow"}
    for name, layer in layers.items():
        maps = store.arrays[name][fold.train].astype(np.float64)
        found = np.array(layer.mean).ravel(), np.array(layer.variance).ravel()
        np.testing.assert_allclose(found[0], maps.mean((0, 1, 2)), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(found[1], maps.var((0, 1, 2)), rtol=1e-4)


def test_the_epoch_that_is_kept(stores):
    store = stores["ststnet"]
    recipe = Recipe(learning_rate=0.02, batch_size=4, epochs=6, patience=2, augment=False)
    learner = learner_of("ststnet", store, recipe)

    def history(validation):
        fold = loso_folds(store, validation=validation)[0]
        ((_, chances, history),) = learner.fit_predict([fold], 0)
        return fold, chances, history

    _, _, early = history("subjects")
    losses = early["validation_loss"]
    assert early["epoch"] == 1 + int(np.argmin(losses))
    assert len(losses) == min(6, early["epoch"] + 2)
    _, _, fixed = history("none")
    assert fixed["epoch"] == len(fixed["loss"]) == 6
    assert "validation_loss" not in fixed
    fold, chances, chosen = history("test-subject")
    assert len(chosen["loss"]) == 6
    assert chosen["validation_accuracy"][chosen["epoch"] - 1] == max(chosen["validation_accuracy"])
    # The weights of that epoch are the ones that answer.
    right = (chances.argmax(1) == store.labels[fold.test]).mean()
    assert right == max(chosen["validation_accuracy"])


def test_a_loss_that_is_no_number_fails_its_fold_alone(stores, monkeypatch, tmp_path):
    store = stores["ststnet"]
    learner = learner_of("ststnet", store)
    network = learner.trainer.network
    original, steps = network.train_on_batch, []

    def broken(*arguments, **options):
        logs = original(*arguments, **options)
        steps.append(1)
        return {"loss": float("nan")} if 8 <= len(steps) <= 10 else logs

    monkeypatch.setattr(network, "train_on_batch", broken)
    run = evaluate_loso(learner, store, run_dir=tmp_path)
    assert len(run.failed) == 1
    assert "the loss became nan in epoch" in run.failed[0].failure
    assert run.metrics()["folds"]["done"] == 4
    monkeypatch.undo()
    mended = evaluate_loso(learner, store, run_dir=tmp_path)
    assert mended.predictions == evaluate_loso(learner, store).predictions


def test_a_network_that_the_store_cannot_feed(stores):
    with pytest.raises(InputError, match="holds the views T, not D, S"):
        NetworkLearner("dfrnet", stores["ststnet"], model_options={"features": "TSD"})
    assert NetworkLearner("dfrnet", stores["ststnet"]).settings["options"] == {"features": "T"}


def test_all_subjects_train_one_network(stores):
    store = stores["ststnet"]
    network, history = fit_all_subjects(learner_of("ststnet", store))
    assert len(history["validation_loss"]) == 2
    chances = np.asarray(network({"flow": store.arrays["flow"][:4].astype(np.float32)}))
    np.testing.assert_allclose(chances.sum(1), 1, rtol=1e-5)
    with pytest.raises(InputError, match="no subject is tested"):
        fit_all_subjects(learner_of("ststnet", store), validation="test-subject")


@pytest.mark.slow
@pytest.mark.parametrize("model", ["dfrnet", "ststnet"])
def test_processes_of_networks_give_what_one_gives(model, stores):
    store = stores[model]
    one = evaluate_loso(learner_of(model, store), store)
    two = evaluate_loso(learner_of(model, store), store, jobs=2)
    assert not two.failed
    for a, b in zip(one.predictions, two.predictions, strict=True):
        assert (a.clip, a.fold, a.epoch) == (b.clip, b.fold, b.epoch)
        np.testing.assert_allclose(a.probabilities, b.probabilities, atol=1e-5)


def test_on_jax(stores):
    pytest.importorskip("jax")
    store = stores["ststnet"]
    chances, loss = in_fresh_process("ststnet", store, 0, backend="jax")
    assert len(loss) == 2
    assert np.isfinite(loss).all()
    np.testing.assert_allclose(np.sum(chances, axis=1), 1)
