"""Spotting is counted as the challenges count it, on cases worked out by hand."""

from pathlib import Path

import numpy as np
import pytest

from dfrnet_keras.datasets.recording import Interval, Recording
from dfrnet_keras.errors import InputError
from dfrnet_keras.evaluation.spotting import (
    Find,
    evaluate_finds,
    match,
    overlap,
    read_finds,
    write_finds,
)


def interval(onset, offset, kind="micro", label=None):
    return Interval(onset, (onset + offset) // 2, offset, kind, label)


def find(onset, offset, *, name="a", kind="micro", confidence=0.0, label=None, apex=None):
    return Find(name, onset, apex, offset, kind, confidence, label)


def recording(name, *intervals, subject="1", count=1000, rate=100.0):
    return Recording("samm-lv", subject, name, Path(name), count, rate, intervals)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((10, 19), (10, 19), 1.0),
        ((10, 19), (20, 29), 0.0),
        ((10, 19), (15, 24), 5 / 15),
        ((10, 29), (10, 19), 0.5),
        ((5, 5), (5, 5), 1.0),
    ],
)
def test_overlap_counts_frames_with_both_ends(one, other, expected):
    assert overlap(interval(*one), interval(*other)) == pytest.approx(expected)


def test_half_an_overlap_is_a_hit_and_a_truth_counts_once():
    truth = [interval(10, 29)]
    assert match(truth, [find(10, 19)]) == [(truth[0], find(10, 19))]  # exactly one half
    assert set(match(truth, [find(10, 18)])) == {(truth[0], None), (None, find(10, 18))}
    both = [find(10, 29), find(11, 29)]
    assert match(truth, both) == [(truth[0], both[0]), (None, both[1])]
    surer = [find(10, 29), find(11, 29, confidence=0.9)]
    assert (truth[0], surer[1]) in match(truth, surer)


def test_figures_are_sums_over_the_dataset():
    recordings = [
        recording("a", interval(100, 139), interval(300, 339)),
        recording("b", interval(100, 299, "macro"), subject="2"),
        recording("c", subject="2"),
    ]
    finds = [
        find(105, 144, apex=121),
        find(500, 540),
        find(120, 310, name="b", kind="macro", apex=200),
        find(10, 40, name="c"),
    ]
    scores = evaluate_finds(recordings, finds)
    micro = scores.micro
    assert (micro.hits, micro.false_finds, micro.misses, micro.truth) == (1, 2, 1, 2)
    assert micro.precision == pytest.approx(1 / 3)
    assert micro.recall == pytest.approx(1 / 2)
    assert micro.f1 == pytest.approx(2 / 5)
    assert (micro.apex_error, micro.apex_error_ms) == (2, 20)
    assert micro.false_finds_a_minute == pytest.approx(2 / 0.5)
    assert scores.macro.f1 == 1
    overall = scores.overall
    assert (overall.hits, overall.false_finds, overall.misses) == (2, 2, 1)
    assert scores.subjects == 2
    # a false find in a recording without a micro-expression counts, unless asked otherwise
    part = evaluate_finds(recordings, finds, videos="with-truth")
    assert (part.micro.recordings, part.micro.false_finds) == (1, 1)
    assert (part.macro.recordings, part.overall.false_finds) == (1, 1)
    low, high = micro.intervals["f1"]
    assert 0 <= low <= micro.f1 <= high <= 1
    assert "strs" not in micro.intervals


def test_kinds_do_not_match_each_other():
    scores = evaluate_finds([recording("a", interval(100, 139, "macro"))], [find(100, 139)])
    assert (scores.micro.false_finds, scores.macro.misses, scores.overall.hits) == (1, 1, 0)
    assert scores.micro.intervals == {}  # one subject


def test_strs_is_the_product_and_leaves_others_out():
    labels = ["negative", "positive", "others", "surprise", "negative"]
    truth = [interval(100 * n, 100 * n + 30, label=label) for n, label in enumerate(labels)]
    given = ["negative", "negative", "negative", None]  # the last truth is missed
    finds = [
        find(one.onset, one.offset, label=label) for one, label in zip(truth, given, strict=False)
    ]
    scores = evaluate_finds([recording("a", *truth)], finds).micro
    assert (scores.hits, scores.false_finds, scores.misses) == (4, 0, 1)
    recognition = scores.recognition
    assert (recognition.hits, recognition.not_sure) == (3, 1)
    assert recognition.precision == pytest.approx((1 / 2) / 3)
    assert recognition.recall == pytest.approx(1 / 3)
    assert recognition.f1 == pytest.approx(0.2222, abs=1e-4)
    assert scores.strs == pytest.approx(8 / 9 * recognition.f1)
    assert recognition.uar == pytest.approx(1 / 3)


def test_without_answers_there_is_no_recognition():
    truth = interval(100, 130, label="negative")
    scores = evaluate_finds([recording("a", truth)], [find(100, 130)]).micro
    assert (scores.recognition, scores.strs) == (None, None)


def test_nothing_found_scores_nothing():
    scores = evaluate_finds([recording("a", interval(1, 9)), recording("b", subject="2")], [])
    assert (scores.micro.f1, scores.micro.precision, scores.micro.recall) == (0, 0, 0)
    assert scores.micro.misses == 1


def test_interval_over_subjects_is_that_of_a_direct_bootstrap():
    random = np.random.default_rng(1)
    recordings, finds, counts = [], [], []
    for number in range(12):
        truth = [interval(100 * n, 100 * n + 30) for n in range(6)]
        hit = truth[: int(random.integers(0, 7))]
        recordings.append(recording(f"r{number}", *truth, subject=str(number)))
        finds += [find(one.onset, one.offset, name=f"r{number}") for one in hit]
        counts.append((len(hit), 6))
    low, high = evaluate_finds(recordings, finds, samples=4000).micro.intervals["recall"]
    drawn = np.array(counts)[random.integers(0, 12, (4000, 12))].sum(1)
    expected = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    np.testing.assert_allclose((low, high), expected, atol=0.03)


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_finds_come_back_from_files(tmp_path, suffix):
    finds = [find(3, 9, apex=4, confidence=0.5, label="positive"), find(1, 2, kind="macro")]
    write_finds(tmp_path / f"f{suffix}", finds)
    assert read_finds(tmp_path / f"f{suffix}").finds == finds
    write_finds(tmp_path / "f.json", finds, method="mdmd", optimistic=True)
    assert read_finds(tmp_path / "f.json") == (finds, "mdmd", True)
    with pytest.raises(InputError, match="optimistic"):
        write_finds(tmp_path / "f.csv", finds, optimistic=True)


def test_finds_of_other_programs(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("video,second,onset,offset,kind,class\nin/a.mp4,0.1,3,9,micro,not sure\n")
    assert read_finds(path).finds == [find(3, 9)]
    path = tmp_path / "f.json"
    path.write_text('{"finds": [{"recording": "a", "onset": 3, "offset": 9, "kind": "micro"}]}')
    assert read_finds(path).finds == [find(3, 9)]


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("f.csv", "onset,offset\n1,2\n", "lacks the column kind"),
        ("f.csv", "recording,onset,offset,kind\na,1,2,blink\n", "row 2: kind is 'blink'"),
        ("f.csv", "recording,onset,offset,kind\na,1,x,micro\n", "row 2: onset, apex"),
        ("f.csv", "recording,onset,offset,kind\na,9,2,micro\n", "in no order"),
        ("f.json", "{", "is not JSON"),
        ("f.json", "{}", "holds no list"),
        ("f.json", '[{"kind": "micro"}]', "find 1: onset"),
    ],
)
def test_files_that_hold_no_finds_are_named(tmp_path, name, text, sentence):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=sentence):
        read_finds(tmp_path / name)


def test_finds_of_another_dataset_are_refused():
    with pytest.raises(InputError, match="no recording 'b'"):
        evaluate_finds([recording("a")], [find(1, 2, name="b")])
    with pytest.raises(InputError, match="the recording has 1000"):
        evaluate_finds([recording("a")], [find(1, 1000)])
    with pytest.raises(InputError, match="same name"):
        evaluate_finds([recording("a"), recording("a")], [])
    for options in ({"videos": "some"}, {"least_overlap": 0}):
        with pytest.raises(InputError, match=next(iter(options))):
            evaluate_finds([recording("a")], [], **options)
