import csv
import json
import os
import re

import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation import evaluate_loso, open_run, uar, uf1


def rows_of(folder):
    with (folder / "predictions.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_learner_without_keras(store, guesser, tmp_path):
    learner = guesser(store)
    run = evaluate_loso(learner, store, run_dir=tmp_path / "run")
    rows = rows_of(tmp_path / "run")
    assert list(rows[0]) == [
        "dataset", "subject", "clip", "label", "predicted", "probability_negative",
        "probability_positive", "probability_surprise", "fold", "seed", "epoch",
    ]  # fmt: skip
    assert {(row["subject"], row["clip"]) for row in rows} == {
        (row.subject, row.name) for row in store.rows
    }
    for row, stored in zip(rows, store.rows, strict=True):
        assert row["label"] == store.classes[stored.label]
        chances = [float(row[f"probability_{name}"]) for name in store.classes]
        assert sum(chances) == pytest.approx(1)
        assert row["predicted"] == store.classes[int(np.argmax(chances))]
        assert row["epoch"] == "3"
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics == json.loads(json.dumps(run.metrics()))
    true, predicted = (
        [store.classes.index(row[name]) for row in rows] for name in ("label", "predicted")
    )
    assert metrics["uf1"] == uf1(true, predicted)
    assert metrics["uar"] == uar(true, predicted)
    assert 0.5 < metrics["uf1"] < 1
    assert metrics["complete"]
    curves = (tmp_path / "run" / "curves.csv").read_text().splitlines()
    assert curves[:2] == ["seed,fold,epoch,loss,validation_loss", "0,0,1,1.0,1.0"]
    assert len(curves) == 1 + 5 * 3


def test_nothing_on_disk_gives_the_same_run(store, guesser, tmp_path):
    kept = evaluate_loso(guesser(store), store, run_dir=tmp_path)
    assert evaluate_loso(guesser(store), store).predictions == kept.predictions


def test_processes_give_what_one_gives(store, guesser):
    one = evaluate_loso(guesser(store), store, seed=[0, 1])
    events = []
    two = evaluate_loso(guesser(store), store, seed=[0, 1], jobs=2, progress=events.append)
    assert two.folds == one.folds
    assert events[0] == {"event": "start", "folds": 10, "waiting": 10}
    assert sorted((e["seed"], e["fold"]) for e in events if e["event"] == "done") == [
        (seed, fold) for seed in (0, 1) for fold in range(5)
    ]


def test_a_run_goes_on_where_it_was_cut_off(store, guesser, tmp_path):
    class Interrupted(guesser):
        def fit_predict(self, folds, seed):
            for number, result in enumerate(super().fit_predict(folds, seed)):
                if number == 3:
                    raise KeyboardInterrupt
                yield result

    whole, cut = tmp_path / "whole", tmp_path / "cut"
    evaluate_loso(guesser(store), store, run_dir=whole)
    settings = {"name": "Nearest"}
    with pytest.raises(KeyboardInterrupt):
        evaluate_loso(Interrupted(store, settings=settings), store, run_dir=cut)
    assert len(open_run(cut).folds) == 3
    assert not open_run(cut).metrics()["complete"]
    learner, events = guesser(store), []
    evaluate_loso(learner, store, run_dir=cut, progress=events.append)
    assert learner.calls == [(0, 3), (0, 4)]
    assert events[0] == {"event": "start", "folds": 5, "waiting": 2}
    assert (cut / "predictions.csv").read_bytes() == (whole / "predictions.csv").read_bytes()


def test_a_fold_that_fails_leaves_the_others(store, guesser, tmp_path):
    run = evaluate_loso(guesser(store, fails=[1]), store, run_dir=tmp_path)
    assert [fold.number for fold in run.failed] == [1]
    metrics = run.metrics()
    assert metrics["clips"] == 12
    assert not metrics["complete"]
    assert metrics["folds"] == {
        "done": 4,
        "failed": [{"seed": 0, "fold": 1, "subject": "made/s1",
                    "reason": "the loss became nan in epoch 2"}],
        "expected": 5,
        "left_out": 0,
    }  # fmt: skip
    assert "s1" not in {row["subject"] for row in rows_of(tmp_path)}
    # What failed is tried again, and only that.
    learner = guesser(store)
    assert evaluate_loso(learner, store, run_dir=tmp_path).metrics()["complete"]
    assert learner.calls == [(0, 1)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_exception_in_a_fold_leaves_the_others(store, guesser, jobs, tmp_path):
    class Raises(guesser):
        def fit_predict(self, folds, seed):
            for fold in folds:
                if fold.number in (1, 4):
                    raise ValueError(f"fold {fold.number}\n did not do")
                yield from super().fit_predict([fold], seed)

    learner = Raises(store, settings={"name": "Nearest"})
    events = []
    run = evaluate_loso(learner, store, run_dir=tmp_path, jobs=jobs, progress=events.append)
    assert [fold.number for fold in run.failed] == [1, 4]
    # A class that travelled to another process by value may have lost the name of its file.
    assert re.fullmatch(
        r"ValueError: fold 1 did not do \((test_loso.py|<dynamic-code>), line \d+\)",
        run.failed[0].failure,
    )
    assert run.metrics()["clips"] == 9
    assert sorted(e["fold"] for e in events if e["event"] == "done") == [0, 1, 2, 3, 4]
    again = evaluate_loso(guesser(store, settings={"name": "Nearest"}), store, run_dir=tmp_path)
    assert again.predictions == evaluate_loso(guesser(store), store).predictions


@pytest.mark.parametrize("jobs", [1, 2])
def test_bad_input_ends_the_run(store, guesser, jobs, tmp_path):
    class Refuses(guesser):
        def fit_predict(self, folds, seed):
            raise InputError("the store lacks what this needs")
            yield

    with pytest.raises(InputError, match="lacks what this needs"):
        evaluate_loso(Refuses(store), store, run_dir=tmp_path, jobs=jobs)
    assert not open_run(tmp_path).folds


def test_a_fold_without_an_answer_has_failed(store, guesser):
    class Forgets(guesser):
        def fit_predict(self, folds, seed):
            yield from super().fit_predict([fold for fold in folds if fold.number != 2], seed)

    (record,) = evaluate_loso(Forgets(store), store).failed
    assert record.number == 2
    assert record.failure == "the learner gave 0 answers for one fold"


@pytest.mark.parametrize(
    ("answer", "message"),
    [(np.full((3, 3), np.nan), "not finite"), (np.ones((3, 2)), r"shape \(3, 2\), not \(3, 3\)")],
)
def test_answers_that_cannot_be_are_failures(store, answer, message):
    class Wrong:
        def fit_predict(self, folds, seed):
            for fold in folds:
                yield fold, answer, {}

    run = evaluate_loso(Wrong(), store)
    assert len(run.failed) == 5
    assert all(re.search(message, fold.failure) for fold in run.failed)
    assert run.metrics()["uf1"] is None
    json.dumps(run.metrics(), allow_nan=False)


def test_several_seeds(store, guesser, tmp_path):
    run = evaluate_loso(guesser(store), store, run_dir=tmp_path, seed=range(3))
    metrics = run.metrics()
    assert sorted(metrics["seeds"]) == ["0", "1", "2"]
    each = [figures["uf1"] for figures in metrics["seeds"].values()]
    assert len(set(each)) > 1
    assert metrics["uf1"] == pytest.approx(np.mean(each))
    assert metrics["spread"]["uf1"] == pytest.approx(np.std(each, ddof=1))
    assert metrics["clips"] == 15
    assert np.sum(metrics["confusion_matrix"]) == 45
    assert len(rows_of(tmp_path)) == 45


def test_seeds_can_be_added_to_a_run(store, guesser, tmp_path):
    evaluate_loso(guesser(store), store, run_dir=tmp_path / "grown")
    learner = guesser(store)
    grown = evaluate_loso(learner, store, run_dir=tmp_path / "grown", seed=[0, 1])
    assert [seed for seed, _ in learner.calls] == [1] * 5
    assert grown.metrics()["complete"]
    at_once = evaluate_loso(guesser(store), store, seed=[0, 1])
    assert grown.predictions == at_once.predictions


def test_figures_where_a_seed_lacks_a_fold(store, guesser):
    class FailsOnce(guesser):
        def fit_predict(self, folds, seed):
            self.fails = [2] if seed == 0 else []
            yield from super().fit_predict(folds, seed)

    metrics = evaluate_loso(FailsOnce(store), store, seed=[0, 1]).metrics()
    assert metrics["clips"] == 15
    assert metrics["seeds"]["0"]["clips"] == 12
    (person,) = [one for one in metrics["subjects"] if one["subject"] == "s2"]
    assert person["clips"] == 3
    assert 0 <= person["right"] <= 3
    json.dumps(metrics, allow_nan=False)


def test_the_first_folds_are_no_complete_run(store, guesser, tmp_path):
    run = evaluate_loso(guesser(store), store, run_dir=tmp_path, folds=1)
    metrics = run.metrics()
    assert metrics["folds"]["expected"] == 1
    assert metrics["folds"]["left_out"] == 4
    assert not metrics["complete"]
    assert metrics["interval"] == {"uf1": [None, None], "uar": [None, None]}
    json.dumps(metrics, allow_nan=False)
    assert evaluate_loso(guesser(store), store, run_dir=tmp_path).metrics()["complete"]


def test_composite_figures_by_dataset(make_store, guesser):
    store = make_store(subjects=6, datasets=("one", "two"))
    metrics = evaluate_loso(guesser(store), store).metrics()
    assert metrics["protocol"] == "composite leave-one-subject-out over one, two"
    assert set(metrics["datasets"]) == {"one", "two"}
    summed = sum(np.array(part["confusion_matrix"]) for part in metrics["datasets"].values())
    assert summed.tolist() == metrics["confusion_matrix"]
    assert metrics["datasets"]["one"]["subjects"] == 3


def test_optimistic_is_said(store, guesser):
    assert evaluate_loso(guesser(store), store, validation="test-subject").metrics()["optimistic"]
    assert not evaluate_loso(guesser(store), store, validation="none").metrics()["optimistic"]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ({"name": "a"}, {"name": "b"}, "learner.name: a there, b now"),
        ({"name": "a"}, {"name": "a", "k": 1}, "learner.k: None there, 1 now"),
        ({"name": "a", "k": 1}, {"name": "a"}, "learner.k: 1 there, None now"),
    ],
)
def test_other_settings_are_refused(store, guesser, tmp_path, first, second, message):
    evaluate_loso(guesser(store, settings=first), store, run_dir=tmp_path, folds=1)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.json")}
    learner = guesser(store, settings=second)
    with pytest.raises(InputError, match=message):
        evaluate_loso(learner, store, run_dir=tmp_path)
    assert learner.calls == []
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*.json")}


def test_settings_of_a_run_without_a_fold_may_be_given_anew(store, guesser, tmp_path):
    class Impossible(guesser):
        def fit_predict(self, folds, seed):
            raise InputError("there is no such network")

    with pytest.raises(InputError, match="no such network"):
        evaluate_loso(Impossible(store, settings={"name": "typo"}), store, run_dir=tmp_path)
    run = evaluate_loso(guesser(store, settings={"name": "right"}), store, run_dir=tmp_path)
    assert run.settings["learner"] == {"name": "right"}


def test_another_store_or_validation_is_refused(store, guesser, with_other_labels, tmp_path):
    evaluate_loso(guesser(store), store, run_dir=tmp_path, folds=1)
    with pytest.raises(InputError, match="validation: subjects there, none now"):
        evaluate_loso(guesser(store), store, run_dir=tmp_path, validation="none")
    other = with_other_labels(store, "s3")
    with pytest.raises(InputError, match=r"store\.digest"):
        evaluate_loso(guesser(other), other, run_dir=tmp_path)


def test_a_folder_in_use_is_refused(store, guesser, tmp_path):
    class Nested(guesser):
        def fit_predict(self, folds, seed):
            with pytest.raises(InputError, match="in use by another process"):
                evaluate_loso(guesser(store), store, run_dir=tmp_path)
            yield from super().fit_predict(folds, seed)

    run = evaluate_loso(Nested(store, settings={"name": "Nearest"}), store, run_dir=tmp_path)
    assert len(run.folds) == 5
    assert not run.failed


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_folder_that_cannot_be_written_is_refused(store, guesser, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="give another --run-dir"):
        evaluate_loso(guesser(store), store, run_dir=tmp_path / "run")


def test_a_file_in_place_of_the_folder_is_refused(store, guesser, tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(InputError, match="cannot be made or written"):
        evaluate_loso(guesser(store), store, run_dir=tmp_path / "run")
