import dataclasses
import json

import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation import evaluate_loso
from dfrnet_keras.evaluation.comparison import TESTS, compare_runs, names_of
from dfrnet_keras.evaluation.run import FoldRecord, Prediction, Run

CLASSES = ("negative", "positive", "surprise")


def made(name="net", *, rate=0.7, seed=0, seeds=(0,), subjects=12, clips=4, drop=(), **settings):
    """A run in memory whose answers are right with a probability."""
    random = np.random.default_rng(seed)
    folds = []
    for run_seed in seeds:
        for number in range(subjects):
            rows = []
            for clip in range(clips):
                label = (number + clip) % 3
                answer = label if random.random() < rate else (label + random.integers(1, 3)) % 3
                rows.append(
                    Prediction("d", f"s{number:02d}", f"c{clip}", CLASSES[label],
                               CLASSES[answer], tuple(np.eye(3)[answer]), number, run_seed, 1)
                )  # fmt: skip
            if (run_seed, number) not in drop:
                folds.append(FoldRecord(number, run_seed, "d", f"s{number:02d}", tuple(rows)))
    return Run(
        {"learner": {"name": name}, "protocol": "single-database leave-one-subject-out on d",
         "validation": "none", "seeds": list(seeds), "folds": subjects, "subjects": subjects,
         "classes": list(CLASSES), "store": {}, **settings},
        tuple(folds),
    )  # fmt: skip


def changed(run, number, **changes):
    """The run with the first clip of a fold changed."""
    record = run.folds[number]
    first = dataclasses.replace(record.predictions[0], **changes)
    folds = list(run.folds)
    folds[number] = dataclasses.replace(record, predictions=(first, *record.predictions[1:]))
    return dataclasses.replace(run, folds=tuple(folds))


def test_one_pair():
    good, bad = made("good", rate=0.95), made("bad", rate=0.4, seed=1)
    (pair,) = compare_runs([good, bad], samples=1000)
    assert (pair.first, pair.second) == ("good", "bad")
    for test, metric in (("uf1", "uf1"), ("uar", "uar")):
        result = getattr(pair, test)
        assert result.first == pytest.approx(good.metrics()[metric])
        assert result.second == pytest.approx(bad.metrics()[metric])
    right = [sum(row.label == row.predicted for row in run.predictions) for run in (good, bad)]
    assert pair.mcnemar.both + pair.mcnemar.first_only == right[0]
    assert pair.mcnemar.both + pair.mcnemar.second_only == right[1]
    assert pair.t_test.subjects == 12
    for test in TESTS:
        assert pair.significant(test) is True
        assert pair.corrected[test] == getattr(pair, test).p
    json.dumps(pair.as_dict(), allow_nan=False)


def test_several_pairs_are_corrected_together():
    runs = [made(f"net{k}", rate=rate, seed=k) for k, rate in enumerate((0.9, 0.6, 0.5, 0.85))]
    pairs = compare_runs(runs, samples=500)
    assert [(pair.first, pair.second) for pair in pairs] == [
        ("net0", "net1"), ("net0", "net2"), ("net0", "net3")
    ]  # fmt: skip
    for test in TESTS:
        smallest = min(pairs, key=lambda pair: getattr(pair, test).p)
        assert smallest.corrected[test] == pytest.approx(min(1, 3 * getattr(smallest, test).p))
        assert all(pair.corrected[test] >= getattr(pair, test).p for pair in pairs)
    assert len(compare_runs(runs, all_pairs=True, samples=100)) == 6


def test_the_order_of_folds_and_rows_is_nothing():
    run = made()
    other = dataclasses.replace(
        run,
        folds=tuple(
            dataclasses.replace(record, predictions=record.predictions[::-1])
            for record in run.folds[::-1]
        ),
    )
    (pair,) = compare_runs([run, other], samples=100)
    assert pair.mcnemar.first_only == pair.mcnemar.second_only == 0
    assert pair.uf1.difference == 0
    assert all(pair.corrected[test] == 1 for test in TESTS)


def test_seeds_may_differ_and_mcnemar_takes_their_mean_probability():
    three = made("three", seeds=(0, 1, 2), rate=0.8)
    one = made("one", seeds=(5,), rate=0.8, seed=3)
    (pair,) = compare_runs([three, one], samples=200)
    assert pair.uf1.first == pytest.approx(three.metrics()["uf1"])
    votes = {}
    for row in three.predictions:
        votes.setdefault((row.subject, row.clip, row.label), []).append(row.probabilities)
    right = sum(
        CLASSES[int(np.sum(chances, 0).argmax())] == label
        for (_, _, label), chances in votes.items()
    )
    assert pair.mcnemar.both + pair.mcnemar.first_only == right
    clips = pair.mcnemar
    assert clips.both + clips.first_only + clips.second_only + clips.neither == 48


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (made(clips=3), r"d/s00/c3 \(fold 0\) is tested in net \(1\) and not in net \(2\)"),
        (made(subjects=13), r"d/s12/c0 \(fold 12\) is tested in net \(2\) and not in net \(1\)"),
        (changed(made(), 3, label="surprise"), "label of d/s03/c0 is negative in .* and surprise"),
        (changed(made(), 4, fold=7), "fold of d/s04/c0 is 4 in .* and 7 in"),
        (made(protocol="hold-out-database over d"), "protocol differ, 'single.* and 'hold-out"),
        (made(classes=[*CLASSES, "other"]), "classes differ"),
        (made(subjects=0), r"net \(2\) has no predictions yet"),
        (made(seeds=(0, 1), drop=[(1, 5)]), r"no answer for d/s05/c0 under seed 1"),
    ],
)  # fmt: skip
def test_the_first_difference_is_named(other, message):
    with pytest.raises(InputError, match=message):
        compare_runs([made(), other])


def test_one_run_is_no_comparison(store, guesser, tmp_path):
    with pytest.raises(InputError, match="at least two"):
        compare_runs([made()])
    evaluate_loso(guesser(store), store, run_dir=tmp_path)
    with pytest.raises(InputError, match="given twice"):
        compare_runs([tmp_path, tmp_path])
    with pytest.raises(InputError, match="is no run folder"):
        compare_runs([tmp_path, tmp_path / "nothing"])


def test_names(tmp_path):
    def at(path):
        return dataclasses.replace(made(), path=tmp_path / path)

    assert names_of([at("a/x"), at("a/y")]) == ["x", "y"]
    assert names_of([at("a/x"), at("b/x")]) == [str(tmp_path / "a/x"), str(tmp_path / "b/x")]
    assert names_of([made("n"), made("n"), made("m")]) == ["n (1)", "n (2)", "m"]
