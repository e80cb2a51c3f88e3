import dataclasses
import subprocess
import sys

import cv2
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation import evaluate_loso, loso_folds
from dfrnet_keras.learners.make import LEARNERS, make_learner
from dfrnet_keras.models import MODELS


@pytest.fixture(scope="module")
def maps(make_store):
    """Eight subjects of four clips, maps of 28 x 28."""
    return make_store(subjects=8, clips=4, size=28)


@pytest.mark.parametrize("model", ["svm", "bi-woof-svm"])
def test_learns_what_there_is_to_learn(model, maps):
    run = evaluate_loso(make_learner(model, maps), maps, validation="none")
    metrics = run.metrics()
    assert metrics["folds"]["done"] == 8
    assert metrics["uf1"] > (0.9 if model == "svm" else 0.5)
    assert run.settings["learner"]["options"]["kernel"] in ("rbf", "linear")


@pytest.mark.parametrize("model", ["svm", "bi-woof-svm", "majority"])
def test_labels_of_the_held_out_subject_change_nothing(model, maps, with_other_labels):
    fold = loso_folds(maps, validation="none")[0]
    other = with_other_labels(maps, fold.subject)

    def answer(store):
        ((_, scores, _),) = make_learner(model, store).fit_predict([fold], 0)
        return scores

    np.testing.assert_array_equal(answer(maps), answer(other))


def test_clips_held_out_for_validation_are_trained_on(maps):
    with_validation = loso_folds(maps)[0]
    without = loso_folds(maps, validation="none")[0]
    assert len(with_validation.validation)
    learner = make_learner("svm", maps)
    (a,), (b,) = (
        [s for _, s, _ in learner.fit_predict([f], 0)] for f in (with_validation, without)
    )
    np.testing.assert_array_equal(a, b)


def test_majority_is_the_most_frequent_class_of_training(make_store):
    store = make_store(subjects=4, clips=5, size=12)
    for fold, shares, _ in make_learner("majority", store).fit_predict(
        loso_folds(store, validation="none"), 0
    ):
        counts = np.bincount(store.labels[fold.train], minlength=3)
        np.testing.assert_allclose(shares, np.tile(counts / counts.sum(), (len(fold.test), 1)))


@pytest.mark.slow
def test_two_processes_give_what_one_gives(maps):
    learner = make_learner("svm", maps)
    one = evaluate_loso(learner, maps, validation="none", folds=3)
    two = evaluate_loso(learner, maps, validation="none", folds=3, jobs=2)
    assert [p.probabilities for p in one.predictions] == [p.probabilities for p in two.predictions]


def test_patterns_of_whole_clips(tmp_path):
    """LBP-TOP looks at the frames of a dataset, whose maps lie in a store."""
    from dfrnet_keras.datasets.synthetic import load_synthetic
    from dfrnet_keras.store import FeatureStore

    clips = load_synthetic(tmp_path / "clips", subjects=3, clips_per_subject=3, frames=6)
    store = FeatureStore.build(clips, tmp_path / "store", size=16, flow_method="dis")
    # Found by their names, in whatever order they come.
    learner = make_learner("lbp-top-svm", store, clips=lambda: clips[::-1])
    descriptors, mirrored = learner.descriptors
    assert descriptors.shape == (9, 5 * 5 * 3 * 16)
    assert not len(mirrored)
    assert [clip.key for clip in learner.clips] == [clip.key for clip in clips]
    run = evaluate_loso(learner, store, validation="none")
    assert run.metrics()["folds"] == {"done": 3, "failed": [], "expected": 3, "left_out": 0}
    assert run.settings["learner"]["options"]["descriptor"] == "lbp-top"


def test_frames_that_are_not_there(maps, make_store):
    with pytest.raises(InputError, match=r"ready-made maps.* use a dataset that has frames"):
        make_learner("lbp-top-svm", maps, clips=lambda: pytest.fail("no need to look"))
    prepared = make_store(views="TSD", size=16)
    with pytest.raises(InputError, match=r"made/s0/c0 are not given .of 15 of 15 clips"):
        make_learner("lbp-top-svm", prepared, clips=list)
    with pytest.raises(InputError, match="holds the views S, and svm describes flow"):
        make_learner("svm", make_store(views="S", size=16))


def test_bad_names_and_options(maps):
    with pytest.raises(InputError, match="choose one of dfrnet, ststnet, off-apexnet"):
        make_learner("resnet", maps)
    with pytest.raises(InputError, match="--attention belongs to dfrnet"):
        make_learner("rcn-a", maps, model_options={"attention": "all"})
    from dfrnet_keras.models.table import paper_recipe

    with pytest.raises(InputError, match="svm has no epochs"):
        make_learner("svm", maps, recipe=paper_recipe("ststnet"))


def test_names():
    assert set(LEARNERS) == {
        "dfrnet", "ststnet", "off-apexnet", "rcn-a", "dual-inception", "featref", "capsulenet",
        "htnet", "htnet-small", "me-plan", "fgrl-auf", "sssnet",
        "svm", "bi-woof-svm", "lbp-top-svm", "preset", "majority",
    }  # fmt: skip
    # The network of `--recipe best` is no choice of its own.
    assert set(MODELS) - set(LEARNERS) == {"motion-dfrnet"}


def test_a_machine_needs_no_keras(maps):
    code = (
        "import sys\n"
        "from dfrnet_keras.evaluation import evaluate_loso\n"
        "from dfrnet_keras.learners.make import make_learner\n"
        "from dfrnet_keras.store import FeatureStore\n"
        "store = FeatureStore.open(sys.argv[1])\n"
        "evaluate_loso(make_learner('svm', store), store, validation='none', folds=1)\n"
        "sys.exit('keras was loaded' if 'keras' in sys.modules else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(maps.path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_faces_are_cut_out_where_the_store_cut_them_out(tmp_path):
    """A store decides for a whole dataset; this learner decided clip by clip."""
    from dfrnet_keras.datasets.synthetic import load_synthetic
    from dfrnet_keras.features import crop_face
    from dfrnet_keras.features.descriptors import lbp_top
    from dfrnet_keras.frames import read_frames
    from dfrnet_keras.store import FeatureStore

    clips = load_synthetic(tmp_path / "clips", subjects=2, clips_per_subject=2, frames=6)
    for crop in ("face", "none", "auto"):
        store = FeatureStore.build(clips, tmp_path / crop, size=16, flow_method="dis", crop=crop)
        if crop == "auto":  # as a store of two datasets has it, one of which came cropped
            store.settings["crop"] = "auto"
            flags = [(), ("already_cropped",), (), ("already_cropped",)]
            rows = zip(store.rows, flags, strict=True)
            store.rows = tuple(dataclasses.replace(row, flags=own) for row, own in rows)
        descriptors, _ = make_learner("lbp-top-svm", store, clips=clips).descriptors
        for row, clip, found in zip(store.rows, clips, descriptors, strict=True):
            frames = read_frames(clip.frames, range(clip.onset, clip.offset + 1), gray=True)
            if crop == "none" or "already_cropped" in row.flags:
                faces = [cv2.resize(f, (224, 224), interpolation=cv2.INTER_AREA) for f in frames]
            else:
                faces = crop_face(frames)
            np.testing.assert_array_equal(found, lbp_top(np.stack(faces)))
