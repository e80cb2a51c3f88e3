"""The recipe of this package's own, with one member, taught for a moment, in place of four."""

import pickle

import numpy as np
import pytest

from dfrnet_keras.datasets.clip import MEGC2019_CLASSES
from dfrnet_keras.datasets.synthetic.flow import CUT_FACES, MEGC2019_MAPS, draw_motion
from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation import evaluate_loso, loso_folds
from dfrnet_keras.learners import fit_all_subjects, motion, motion_members
from dfrnet_keras.learners.make import make_learner
from dfrnet_keras.learners.motion import MotionLearner
from dfrnet_keras.models.recipe import BestRecipe
from dfrnet_keras.store import FeatureStore, StoredClip
from dfrnet_keras.store.files import write_index

RECIPE = BestRecipe(members=1, drawn_clips=64, drawn_epochs=1, batch_size=32)


def write_store(path, labels, flow, flow_range="bytes"):
    path.mkdir(parents=True)
    np.save(path / "flow.npy", flow)
    rows = [
        StoredClip("drawn", f"s{clip // 6}", f"c{clip}", int(label), None)
        for clip, label in enumerate(labels)
    ]
    settings = {"version": "0", "size": flow.shape[1], "flow_range": flow_range}
    write_index(path, rows, classes=MEGC2019_CLASSES, settings=settings, source="made")
    return FeatureStore.open(path)


@pytest.fixture(scope="module")
def drawn():
    flow, labels = draw_motion(30, seed=5)
    return (127 + 40 * flow).clip(0, 255).astype(np.uint8), labels


@pytest.fixture(scope="module")
def store(drawn, tmp_path_factory):
    flow, labels = drawn
    return write_store(tmp_path_factory.mktemp("store") / "store", labels, flow)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One cache for the module: its members are trained once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def _home(home, monkeypatch):
    monkeypatch.setenv("DFR_KERAS_HOME", str(home))


@pytest.fixture
def learner(store):
    return MotionLearner(store, recipe=RECIPE)


def answers_of(learner, folds, seed=0):
    return {fold.number: chances for fold, chances, _ in learner.fit_predict(folds, seed)}


def test_a_run_answers_for_every_clip(learner, store):
    run = evaluate_loso(learner, store, validation="none")
    assert len(run.predictions) == 30
    for row in run.predictions:
        assert sum(row.probabilities) == pytest.approx(1)
    assert run.settings["learner"]["recipe"]["name"] == "best"


def test_labels_of_the_held_out_subject_change_nothing(learner, drawn, tmp_path):
    flow, labels = drawn
    other = labels.copy()
    other[:6] = (other[:6] + 1) % 3
    changed = MotionLearner(write_store(tmp_path / "store", other, flow), recipe=RECIPE)
    for validation in ("none", "subjects"):
        fold = loso_folds(learner.store, validation=validation)[0]
        np.testing.assert_array_equal(
            answers_of(learner, [fold])[0], answers_of(changed, [fold])[0]
        )


def test_equal_seeds_give_equal_answers_and_others_other_ones(store, learner, monkeypatch, home):
    folds = loso_folds(store, validation="none")[:1]
    first = answers_of(learner, folds)[0]
    assert not np.allclose(answers_of(learner, folds, seed=1)[0], first)
    # Trained again, not taken from the cache.
    monkeypatch.setenv("DFR_KERAS_HOME", str(home / "another"))
    motion._DESCRIBED.clear()
    np.testing.assert_array_equal(answers_of(MotionLearner(store, recipe=RECIPE), folds)[0], first)


def test_members_are_trained_once(store, learner, monkeypatch):
    folds = loso_folds(store, validation="none")[:1]
    expected = answers_of(learner, folds)[0]

    def refuse(*_):
        raise AssertionError("trained although it is in the cache")

    monkeypatch.setattr(motion_members, "train_member", refuse)
    motion._DESCRIBED.clear()
    events = []
    again = MotionLearner(store, recipe=RECIPE)
    again.progress = events.append
    np.testing.assert_array_equal(answers_of(again, folds)[0], expected)
    assert [event["done"] for event in events] == [1] * 3
    # And clips are described once a process, also by a learner that was sent to it anew.
    monkeypatch.setattr(motion_members, "trained_members", refuse)
    sent = pickle.loads(pickle.dumps(again))
    np.testing.assert_array_equal(answers_of(sent, folds)[0], expected)


def test_the_network_to_deploy_answers_as_its_parts(store, learner):
    network, history = fit_all_subjects(learner)
    flow = store.arrays["flow"][:].astype(np.float32)
    answers = np.asarray(network({"flow": flow}))
    right = answers[np.arange(len(flow)), store.labels]
    assert history["loss"][-1] == pytest.approx(-np.log(right).mean(), rel=1e-3)
    with pytest.raises(InputError, match="test-subject"):
        fit_all_subjects(learner, validation="test-subject")


def test_a_validation_chooses_penalty_and_share(store, learner):
    for validation in ("subjects", "test-subject"):
        fold = loso_folds(store, validation=validation)[0]
        ((_, chances, history),) = learner.fit_predict([fold], 0)
        assert chances.shape == (6, 3)
        assert len(history["penalty"]) == len(history["drawn_share"]) == 1
    # The test subject's own clips choose at least as well as nothing does.
    fixed = answers_of(learner, loso_folds(store, validation="none")[:1])[0]
    labels = store.labels[fold.test]
    assert (chances.argmax(1) == labels).sum() >= (fixed.argmax(1) == labels).sum()


def test_training_clips_of_two_classes_are_enough(drawn, tmp_path):
    flow, labels = drawn
    kept = labels != 1
    store = write_store(tmp_path / "store", labels[kept], flow[kept])
    learner = MotionLearner(store, recipe=BestRecipe(**{**vars(RECIPE), "drawn_share": 0.0}))
    for chances in answers_of(learner, loso_folds(store, validation="none")).values():
        np.testing.assert_array_equal(chances[:, 1], 0)
        np.testing.assert_allclose(chances.sum(1), 1)


def test_faces_lie_where_the_maps_were_cut(drawn, store, tmp_path):
    assert MotionLearner(store).layout == MEGC2019_MAPS
    flow = drawn[0].astype(np.float16)
    pixels = write_store(tmp_path / "store", drawn[1], flow, flow_range="pixels")
    assert MotionLearner(pixels).layout == CUT_FACES


def test_bad_stores_are_refused(make_store, tmp_path, drawn):
    with pytest.raises(InputError, match="multiple of 28"):
        MotionLearner(make_store(size=12))
    with pytest.raises(InputError, match="takes flow"):
        MotionLearner(make_store(size=28, views="S"))


@pytest.mark.parametrize(("model", "options"), [("ststnet", {}), ("dfrnet", {"attention": "none"})])
def test_the_recipe_is_of_one_network(store, model, options):
    with pytest.raises(InputError, match="leave out"):
        make_learner(model, store, model_options=options, recipe=RECIPE)
