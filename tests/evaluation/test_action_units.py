"""F1 of action units, from the rows of a run."""

import numpy as np
import pytest

from dfrnet_keras.evaluation import evaluate_loso, open_run
from dfrnet_keras.evaluation.metrics import unit_scores
from dfrnet_keras.evaluation.run import Prediction


def row(clip, true, seen, seed=0):
    return Prediction("d", "s", clip, "negative", "negative", (1.0,), 0, seed, 0, true, seen)


def test_f1_of_each_unit():
    rows = [
        row("a", ("4", "R14A"), {"4": 0.9, "12": 0.1}),
        row("b", ("4",), {"4": 0.2, "12": 0.4}),
        row("c", ("L12",), {"4": 0.3, "12": 0.3}),
        row("none named", None, {"4": 1.0, "12": 1.0}),
    ]
    found = unit_scores(rows)
    assert found["clips"] == 3
    # 4 is right once, missed once, wrong once; 12 right once, wrong once; 14 is not known.
    assert found["units"]["4"] == {"f1": 0.5, "always": 0.8, "clips": 2, "known": True}
    assert found["units"]["12"]["f1"] == pytest.approx(2 / 3)
    assert found["units"]["14"] == {"f1": 0.0, "always": 0.5, "clips": 1, "known": False}
    assert found["mean_f1"] == pytest.approx((0.5 + 2 / 3) / 2)
    # Another seed that is right everywhere: means over seeds, clips counted once.
    rows += [row("a", ("4", "R14A"), {"4": 1.0, "12": 0.0}, 1), row("b", ("4",), {"4": 1.0}, 1),
             row("c", ("L12",), {"12": 1.0}, 1)]  # fmt: skip
    assert unit_scores(rows)["units"]["4"]["f1"] == 0.75
    assert unit_scores(rows)["clips"] == 3


def test_without_units_there_are_no_figures():
    assert unit_scores([row("a", ("4",), None)]) == {}
    assert unit_scores([row("a", None, {"4": 1.0})]) == {}


class Knows4:
    """Answers the first class, and sees unit 4 in every clip."""

    def fit_predict(self, folds, seed):
        for fold in folds:
            clips = len(fold.test)
            yield fold, np.tile([1.0, 0, 0], (clips, 1)), {"units": [{"4": 0.8}] * clips}


def test_a_run_keeps_the_units_of_its_rows(store, tmp_path):
    units = [("4",), None, ("12", "L4B")] * 5
    for place, clip in enumerate(store.rows):
        object.__setattr__(clip, "action_units", units[place])
    run = evaluate_loso(Knows4(), store, validation="none", run_dir=tmp_path / "run")
    figures = run.metrics()["action_units"]
    assert figures["units"]["4"]["f1"] == 1.0
    assert figures["units"]["12"]["known"] is False
    assert open_run(tmp_path / "run").predictions == run.predictions
    assert not any("units" in record.curves for record in run.folds)
    header, first, *_ = (tmp_path / "run" / "predictions.csv").read_text().splitlines()
    assert header.endswith(",epoch,action_units,strength_4")
    assert first.endswith(",4,0.8")
