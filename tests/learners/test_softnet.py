"""SOFTNet: its size, its labels, and that it learns what its maps show."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dfrnet_keras.datasets.recording import Interval, Recording
from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.spotting import evaluate_finds
from dfrnet_keras.evaluation.spotting.leave_subjects_out import spot_leaving_subjects_out
from dfrnet_keras.learners.softnet import SoftNetLearner, interval_labels
from dfrnet_keras.models import SOFTNet


def recording(number):
    truth = tuple(Interval(o, o + 5, o + 10, "micro", None) for o in (40 + number, 120))
    return Recording("samm-lv", str(number), f"r{number}", Path("."), 200, 30.0, truth)


RECORDINGS = [recording(number) for number in range(3)]


@pytest.fixture
def learner(tmp_path):
    """One whose maps are given: the mouth is bright where an expression lies."""
    random = np.random.default_rng(0)
    made = SoftNetLearner(folder=tmp_path, epochs=2, learning_rate=0.01)
    for one in RECORDINGS:
        near = interval_labels(one, "micro", 195, 5)
        maps = random.integers(0, 60, (195, 42, 42, 3))
        maps[near, 21:] += 150
        np.save(tmp_path / f"{one.name}-5.npy", maps.astype(np.uint8))
    return made


def test_size_is_that_of_the_published_network():
    model = SOFTNet()
    assert model.count_params() == 314_817
    assert {name: tensor.shape[1:] for name, tensor in model.input.items()} == {
        name: (42, 42, 1) for name in ("u", "v", "strain")
    }
    assert model.output.shape[1:] == (1,)
    with pytest.raises(InputError, match="6 pixels or more"):
        SOFTNet(5)


def test_labels_are_1_where_the_interval_shares_a_frame():
    one = replace(RECORDINGS[0], intervals=(Interval(50, 55, 60, "micro", None),))
    near = interval_labels(one, "micro", 195, 5)
    assert np.flatnonzero(near).tolist() == list(range(46, 61))
    assert not interval_labels(one, "macro", 195, 5).any()
    thinned = interval_labels(one, "micro", 60, 5, 3)
    assert np.flatnonzero(thinned).tolist() == list(range(13, 21))


def test_it_finds_what_its_maps_show(learner):
    run = spot_leaving_subjects_out(learner, RECORDINGS, kinds=("micro",))
    # As published, peaks lie half an interval early: a tenth of an overlap is what is asked here.
    scores = evaluate_finds(RECORDINGS, run.finds, least_overlap=0.1).micro
    assert (scores.hits, scores.false_finds) == (6, 0)


def test_truth_of_the_test_subject_changes_nothing(learner):
    changed = [replace(RECORDINGS[0], intervals=RECORDINGS[0].intervals[:1]), *RECORDINGS[1:]]
    finds = [
        [find for find in spot_leaving_subjects_out(learner, given, kinds=("micro",)).finds
         if find.recording == "r0"]
        for given in (RECORDINGS, changed)
    ]  # fmt: skip
    assert finds[0] == finds[1]
    assert finds[0]
