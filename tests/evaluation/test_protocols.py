"""The protocols: who trains whom, that nothing leaks, and that a run goes on."""

import json

import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation import evaluate_loso, loso_folds, open_run
from dfrnet_keras.evaluation.folds import (
    ALL_SUBJECTS,
    PROTOCOLS,
    describe_protocol,
    held_out_unit,
    read_protocol,
)
from dfrnet_keras.report import write_report


@pytest.fixture(scope="module")
def three(make_store):
    """Eighteen subjects of three datasets."""
    return make_store(subjects=18, size=6, datasets=("one", "two", "three"))


def persons(store, clips):
    return {(store.rows[i].dataset, store.rows[i].subject) for i in clips}


def datasets(store, clips):
    return {store.rows[i].dataset for i in clips}


def test_composite_is_what_is_meant_where_nothing_is_said(three):
    for fold, other in zip(loso_folds(three), loso_folds(three, protocol="composite"), strict=True):
        assert fold.train.tolist() == other.train.tolist()
        assert fold.validation.tolist() == other.validation.tolist()
    assert datasets(three, loso_folds(three)[0].train) == {"one", "two", "three"}


@pytest.mark.parametrize("validation", ["subjects", "none", "test-subject"])
def test_single_database_trains_on_the_subject_s_own_dataset(three, validation):
    folds = loso_folds(three, validation=validation, protocol="single-database")
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(three)))
    for fold, composite in zip(folds, loso_folds(three, validation=validation), strict=True):
        assert (fold.number, fold.dataset, fold.subject) == (
            composite.number, composite.dataset, composite.subject
        )  # fmt: skip
        assert persons(three, fold.test) == {(fold.dataset, fold.subject)}
        for part in (fold.train, fold.validation):
            assert datasets(three, part) <= {fold.dataset}
        assert not persons(three, fold.train) & persons(three, fold.test)
        assert not set(fold.train) & set(fold.validation)
        if validation == "subjects":
            assert len(persons(three, fold.validation)) == 1
            assert len(fold.train) + len(fold.validation) + len(fold.test) == 18


@pytest.mark.parametrize("validation", ["subjects", "none", "test-subject"])
def test_hold_out_database_tests_one_dataset_by_the_others(three, validation):
    folds = loso_folds(three, validation=validation, protocol="hold-out-database")
    assert [(fold.number, fold.dataset, fold.subject) for fold in folds] == [
        (0, "one", ALL_SUBJECTS), (1, "three", ALL_SUBJECTS), (2, "two", ALL_SUBJECTS)
    ]  # fmt: skip
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(three)))
    for fold in folds:
        assert datasets(three, fold.test) == {fold.dataset}
        assert len(persons(three, fold.test)) == 6
        assert datasets(three, fold.train) == {"one", "two", "three"} - {fold.dataset}
        assert not set(fold.train) & set(fold.validation)
        if validation == "subjects":
            assert not datasets(three, fold.validation) & {fold.dataset}
            assert not persons(three, fold.train) & persons(three, fold.validation)
            assert len(fold.train) + len(fold.validation) == 36


def test_too_little_for_a_protocol(make_store):
    with pytest.raises(InputError, match=r"one dataset only \(made\)"):
        loso_folds(make_store(), protocol="hold-out-database")
    with pytest.raises(InputError, match=r"two, holds one subject only \(two/s1\)"):
        loso_folds(make_store(subjects=3, datasets=("one", "two")), protocol="single-database")
    with pytest.raises(InputError, match="choose one of composite, single-database"):
        loso_folds(make_store(), protocol="loso")


def test_one_dataset_is_single_database_in_any_case(store):
    assert describe_protocol(store, "composite") == "single-database leave-one-subject-out on made"
    assert describe_protocol(store, "single-database") == describe_protocol(store, "composite")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_words_of_a_protocol_are_read_back(three, protocol):
    words = describe_protocol(three, protocol)
    assert read_protocol(words) == (protocol, ["one", "three", "two"])
    expected = "dataset" if protocol == "hold-out-database" else "subject"
    assert held_out_unit(words) == expected
    assert read_protocol("some words") == ("", [])


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("validation", ["subjects", "none"])
def test_labels_of_who_is_held_out_change_no_answer(
    three, with_other_labels, guesser, protocol, validation
):
    options = {"protocol": protocol, "validation": validation}
    subject = "s4"  # of dataset two
    changed = with_other_labels(three, subject)
    run, other = (evaluate_loso(guesser(s), s, **options) for s in (three, changed))
    held = [
        (record, twin) for record, twin in zip(run.folds, other.folds, strict=True)
        if subject in {row.subject for row in record.predictions}
    ]  # fmt: skip
    assert len(held) == 1
    for record, twin in held:
        assert record.validation_subjects == twin.validation_subjects
        for row, same in zip(record.predictions, twin.predictions, strict=True):
            assert row.probabilities == same.probabilities
            assert (row.label != same.label) == (row.subject == subject)


@pytest.mark.parametrize("protocol", PROTOCOLS[1:])
def test_a_run_goes_on_and_ends_as_if_nothing_had_been(three, guesser, protocol, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    evaluate_loso(guesser(three), three, run_dir=whole, protocol=protocol)
    evaluate_loso(guesser(three, fails=[1]), three, run_dir=cut, protocol=protocol)
    learner = guesser(three)
    run = evaluate_loso(learner, three, run_dir=cut, protocol=protocol)
    assert learner.calls == [(0, 1)]
    for name in ("predictions.csv", "metrics.json"):
        assert (cut / name).read_bytes() == (whole / name).read_bytes()
    assert open_run(cut).folds == run.folds
    with pytest.raises(InputError, match=r"protocol: .* there, composite .* now"):
        evaluate_loso(learner, three, run_dir=cut)


def test_a_held_out_dataset_keeps_its_subjects(three, guesser, tmp_path):
    run = evaluate_loso(guesser(three), three, run_dir=tmp_path, protocol="hold-out-database")
    assert len(run.folds) == 3
    assert {(row.dataset, row.subject) for row in run.predictions} == persons(three, range(54))
    metrics = run.metrics()
    assert metrics["complete"]
    assert metrics["folds"]["expected"] == 3
    assert len(metrics["subjects"]) == 18
    assert metrics["interval"]["uf1"][0] < metrics["uf1"] < metrics["interval"]["uf1"][1]
    assert {part["subjects"] for part in metrics["datasets"].values()} == {6}
    assert metrics["protocol"] == (
        "hold-out-database, each tested by what the others taught, over one, three, two"
    )
    evaluate_loso(guesser(three), three, run_dir=tmp_path / "part", folds=1,
                  protocol="hold-out-database")  # fmt: skip
    page = write_report(tmp_path / "part").read_text()
    assert "2 datasets were left out on purpose" in page
    assert "leave-one-dataset-out</title>" in page
    assert "hold-out-database, each tested" in page


@pytest.mark.slow
def test_processes_give_what_one_gives(three, guesser):
    one, two = (
        evaluate_loso(guesser(three), three, protocol="hold-out-database", jobs=jobs)
        for jobs in (1, 2)
    )
    assert one.folds == two.folds


def test_a_fold_written_before_clips_named_their_subject_is_read(store, guesser, tmp_path):
    run = evaluate_loso(guesser(store), store, run_dir=tmp_path)
    file = tmp_path / "folds" / "seed-0-fold-002.json"
    record = json.loads(file.read_text())
    for row in record["predictions"]:
        del row["subject"]
    file.write_text(json.dumps(record))
    assert open_run(tmp_path).predictions == run.predictions
