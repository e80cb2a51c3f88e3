import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation import loso_folds
from dfrnet_keras.evaluation.folds import all_subjects_fold, unlearned_classes


@pytest.fixture(scope="module")
def many(make_store):
    """Thirty subjects of two datasets."""
    return make_store(subjects=30, size=5, datasets=("one", "two"))


def persons(store, clips):
    return {(store.rows[i].dataset, store.rows[i].subject) for i in clips}


@pytest.mark.parametrize("validation", ["subjects", "none", "test-subject"])
def test_each_subject_is_tested_once_with_all_its_clips(many, validation):
    folds = loso_folds(many, validation=validation)
    assert len(folds) == 30
    assert [fold.number for fold in folds] == list(range(30))
    tested = np.concatenate([fold.test for fold in folds])
    assert sorted(tested) == list(range(len(many)))
    for fold in folds:
        assert persons(many, fold.test) == {(fold.dataset, fold.subject)}


def test_nobody_is_in_two_parts_of_a_fold(many):
    for fold in loso_folds(many):
        train, held_out, test = (
            persons(many, part) for part in (fold.train, fold.validation, fold.test)
        )
        assert train
        assert held_out
        assert not train & held_out
        assert not train & test
        assert not held_out & test
        assert len(fold.train) + len(fold.validation) + len(fold.test) == len(many)


def test_validation_subjects_keep_the_shares_of_datasets_and_classes(many):
    for fold in loso_folds(many):
        share = len(fold.validation) / (len(fold.validation) + len(fold.train))
        assert 0.1 < share < 0.2
        assert set(many.labels[fold.train]) == {0, 1, 2}
        counts = np.bincount(many.labels[fold.validation], minlength=3)
        assert counts.max() - counts.min() <= 2
        by_dataset = [row.dataset for row in (many.rows[i] for i in fold.validation)]
        assert abs(by_dataset.count("one") - by_dataset.count("two")) <= 3


def test_validation_is_drawn_from_the_seed(many):
    def drawn(**options):
        return [fold.validation.tolist() for fold in loso_folds(many, **options)]

    assert drawn(seed=1) == drawn(seed=1)
    assert drawn(seed=1) != drawn(seed=2)
    assert len(loso_folds(many, share=0.4)[0].validation) > len(drawn()[0])


def test_validation_none_trains_on_all_others(many):
    fold = loso_folds(many, validation="none")[3]
    assert fold.validation.size == 0
    assert fold.keep_best is None
    assert sorted([*fold.train, *fold.test]) == list(range(len(many)))


def test_test_subject_chooses_by_the_clips_that_it_is_tested_by(many):
    fold = loso_folds(many, validation="test-subject")[3]
    assert fold.validation.tolist() == fold.test.tolist()
    assert fold.keep_best == "accuracy"
    assert not set(fold.train) & set(fold.test)


def test_validation_does_not_look_at_the_labels_of_the_test_subject(many, with_other_labels):
    for number in (0, 7):
        fold = loso_folds(many)[number]
        other = loso_folds(with_other_labels(many, fold.subject))[number]
        assert other.subject == fold.subject
        assert other.validation.tolist() == fold.validation.tolist()


def test_all_subjects_are_trained_on_and_none_is_tested(many):
    fold = all_subjects_fold(many)
    assert fold.test.size == 0
    assert not persons(many, fold.train) & persons(many, fold.validation)
    assert len(fold.train) + len(fold.validation) == len(many)
    assert all_subjects_fold(many, validation="none").train.tolist() == list(range(len(many)))
    with pytest.raises(InputError, match="choose subjects or none"):
        all_subjects_fold(many, validation="test-subject")


def test_too_little_to_learn_from(make_store):
    with pytest.raises(InputError, match=r"one subject only \(made/s0\)"):
        loso_folds(make_store(subjects=1))
    with pytest.raises(InputError, match="one class only"):
        loso_folds(make_store(classes=1))
    with pytest.raises(InputError, match="use --validation none"):
        loso_folds(make_store(subjects=3, clips=1))
    with pytest.raises(InputError, match="use --validation none"):
        all_subjects_fold(make_store(subjects=3, clips=1))
    with pytest.raises(InputError, match="choose one of subjects, none, test-subject"):
        loso_folds(make_store(subjects=3), validation="half")


def test_a_class_that_one_subject_alone_shows_is_named(many, make_store):
    assert unlearned_classes(many, "composite") == []
    store = make_store(subjects=4, size=5, datasets=("one",))
    labels = [0 if row.subject != store.rows[0].subject and row.label == 2 else row.label
              for row in store.rows]  # fmt: skip
    object.__setattr__(store, "labels", np.array(labels))
    owner = f"one/{store.rows[0].subject}"
    assert unlearned_classes(store, "composite") == [(owner, store.classes[2])]
