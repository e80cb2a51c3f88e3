"""The people who are tested decide nothing, unless that is asked for and said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dfrnet_keras.datasets.recording import Interval, Recording
from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.spotting import evaluate_finds
from dfrnet_keras.evaluation.spotting.baselines import Chance, MainDirections, Nothing
from dfrnet_keras.evaluation.spotting.learner import SpottingLearner
from dfrnet_keras.evaluation.spotting.leave_subjects_out import spot_leaving_subjects_out


def recording(number, *onsets, length=12, kind="micro"):
    truth = tuple(Interval(o, o + length // 2, o + length, kind, None) for o in onsets)
    return Recording("samm-lv", str(number), f"r{number}", Path("."), 1000, 30.0, truth)


RECORDINGS = [recording(number, *range(100, 900, 150 + number)) for number in range(4)]
MICRO = {"kinds": ("micro",)}


class Bumps(SpottingLearner):
    """A score with a bump at each of its places, of known heights, some of them no expression."""

    name = "bumps"
    threshold = 0.55

    def __init__(self):
        super().__init__()
        self.seen = []

    def fit(self, recordings, kind, seed):
        super().fit(recordings, kind, seed)
        self.seen.append({one.subject for one in recordings})

    def curve(self, recording):
        frames = np.arange(recording.count)
        heights = {106: 1.0, 380: 0.4, 500: 0.3}
        return sum(h * np.exp(-(((frames - at) / 5) ** 2)) for at, h in heights.items())


def test_each_subject_is_tested_by_what_the_others_taught():
    learner = Bumps()
    run = spot_leaving_subjects_out(learner, RECORDINGS, **MICRO)
    everyone = {"0", "1", "2", "3"}
    assert learner.seen == [everyone - {name} for name in sorted(everyone)]
    assert not run.optimistic
    assert [find.recording for find in run.finds] == ["r0", "r1", "r2", "r3"]
    scores = evaluate_finds(RECORDINGS, run.finds)
    assert scores.micro.hits == 4
    grouped = Bumps()
    spot_leaving_subjects_out(grouped, RECORDINGS, folds=2, **MICRO)
    assert grouped.seen == [{"2", "3"}, {"0", "1"}]


@pytest.mark.parametrize("thresholds", ["published", "training-subjects"])
@pytest.mark.parametrize("make", [Bumps, Chance])
def test_truth_of_the_test_subject_changes_none_of_its_finds(thresholds, make):
    def finds(recordings):
        run = spot_leaving_subjects_out(make(), recordings, thresholds=thresholds, **MICRO)
        return [find for find in run.finds if find.recording == "r1"]

    changed = list(RECORDINGS)
    moved = [replace(one, onset=one.onset - 60) for one in changed[1].intervals[:2]]
    changed[1] = replace(changed[1], intervals=tuple(moved))
    assert finds(changed) == finds(RECORDINGS)
    assert finds(RECORDINGS)


def test_thresholds_of_the_test_subject_are_called_optimistic():
    weak = [recording(number, 374, 494) for number in range(3)]
    run = spot_leaving_subjects_out(Bumps(), weak, thresholds="test-subject", **MICRO)
    assert run.optimistic
    published = spot_leaving_subjects_out(Bumps(), weak, **MICRO)
    figures = [evaluate_finds(weak, one.finds).micro.f1 for one in (run, published)]
    assert figures[0] > figures[1]
    assert run.chosen["0"]["micro"] < published.chosen["0"]["micro"] == 0.55


def test_chance_finds_about_as_many_as_there_are():
    many = [recording(number, *range(50, 950, 100)) for number in range(40)]
    run = spot_leaving_subjects_out(Chance(), many, **MICRO)
    assert 250 < len(run.finds) < 470  # 360 expected, Poisson
    assert {find.offset - find.onset for find in run.finds} == {12}
    assert len({find.onset for find in run.finds}) > 100
    again = spot_leaving_subjects_out(Chance(), many, **MICRO)
    assert run.finds == again.finds
    other = spot_leaving_subjects_out(Chance(), many, seed=1, **MICRO)
    assert run.finds != other.finds
    assert not spot_leaving_subjects_out(Nothing(), many, **MICRO).finds


def test_runs_above_the_threshold_of_the_right_length_are_finds():
    learner = MainDirections()
    learner.fit([recording(0, 10)], "micro", 0)
    curve = np.zeros(300)
    for start, length in ((20, 10), (60, 3), (100, 40), (289, 11)):
        curve[start : start + length] = 1
    curve[25] = 2
    spans = learner.pick(curve, 6, 0.01, 30.0)
    assert [span[:3] for span in spans] == [(20, 25, 29), (289, 289, 299)]


def test_fast_recordings_are_thinned_out_and_frames_count_in_full():
    fast = replace(RECORDINGS[0], frame_rate=200.0)
    learner = Bumps()
    learner.fit([fast], "micro", 0)
    assert learner.step(fast) == 7
    assert learner.spot(fast, 0.55)[0].apex == 7 * 106


def test_what_cannot_be_evaluated_is_said():
    for options, sentence in (
        ({"thresholds": "best"}, "thresholds is 'best'"),
        ({"folds": 9}, "folds is 9"),
        ({"kinds": ("macro",)}, "no macro-expression"),
    ):
        with pytest.raises(InputError, match=sentence):
            spot_leaving_subjects_out(Bumps(), RECORDINGS, **options)
    with pytest.raises(InputError, match="needs 2"):
        spot_leaving_subjects_out(Bumps(), RECORDINGS[:1])
