"""Folds on a Dask cluster of two worker processes of this machine."""

import os
import signal
import time

import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation import evaluate_loso

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        yield cluster


def slow(guesser, store):
    """A learner that takes a while for each fold, so that a death finds one at work."""
    learner = guesser(store, settings={"name": "nearest"})
    kind = type(learner)

    class Slow(kind):
        def fit_predict(self, folds, seed):
            time.sleep(0.4)
            return super().fit_predict(folds, seed)

    learner.__class__ = Slow
    return learner


def test_a_killed_worker_costs_no_fold(cluster, store, guesser, tmp_path):
    alone = evaluate_loso(guesser(store), store, seed=[0, 1])
    events = []
    killed = []

    def progress(event):
        events.append(event)
        if event["event"] == "done" and not killed:
            pid = next(iter(cluster.workers.values())).pid
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)

    run = evaluate_loso(
        slow(guesser, store),
        store,
        seed=[0, 1],
        run_dir=tmp_path / "run",
        scheduler=cluster.scheduler_address,
        progress=progress,
    )
    assert killed
    assert not run.failed
    assert run.predictions == alone.predictions
    done = [(event["seed"], event["fold"]) for event in events if event["event"] == "done"]
    assert sorted(done) == [(seed, fold) for seed in (0, 1) for fold in range(5)]
    # Nothing is asked of the cluster that is there already.
    again = evaluate_loso(
        guesser(store, settings={"name": "nearest"}),
        store,
        seed=[0, 1],
        run_dir=tmp_path / "run",
        scheduler="tcp://none:1",
    )
    assert again.predictions == alone.predictions


def test_an_exception_fails_its_fold_and_bad_input_ends_the_run(cluster, store, guesser):
    learner = guesser(store)

    class Choosy(type(learner)):
        def fit_predict(self, folds, seed):
            if folds[0].number == 1:
                raise ValueError("one fold is no good")
            return super().fit_predict(folds, seed)

    class Useless(type(learner)):
        def fit_predict(self, folds, seed):
            raise InputError("nothing can be learned from this")

    learner.__class__ = Choosy
    run = evaluate_loso(learner, store, scheduler=cluster.scheduler_address)
    assert [record.number for record in run.failed] == [1]
    assert "one fold is no good" in run.failed[0].failure
    learner.__class__ = Useless
    with pytest.raises(InputError, match="nothing can be learned"):
        evaluate_loso(learner, store, scheduler=cluster.scheduler_address)


def test_nobody_at_the_address(store, guesser, monkeypatch):
    monkeypatch.setattr("dfrnet_keras.evaluation.cluster._SECONDS_TO_ANSWER", 1)
    with pytest.raises(InputError, match="No Dask scheduler answers at tcp:"):
        evaluate_loso(guesser(store), store, scheduler="tcp://127.0.0.1:9")
    with (
        distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=None) as empty,
        pytest.raises(InputError, match="has no worker"),
    ):
        evaluate_loso(guesser(store), store, scheduler=empty.scheduler_address)
