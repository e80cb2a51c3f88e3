import csv
import io
import json

import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.prediction.answers import Answers
from dfrnet_keras.prediction.clip_predictor import Prediction


def refuse(message):
    raise InputError(message)


@pytest.fixture
def answers():
    answers = Answers("net", ("negative", "positive"), [("none.avi", "none.avi does not exist")])
    spent = {"read": 0.0012, "network": 0.0034}
    flags = ("apex_spotted", "nothing_moved", "too_long")
    answers.add("a", lambda: Prediction("positive", {"negative": 0.25, "positive": 0.75}, 5, flags,
                                        spent))  # fmt: skip
    answers.add("b", lambda: refuse("frame 0 is odd"))
    answers.add("c", lambda: refuse("c/f1.png is odd"))
    return answers


def test_json(answers):
    assert json.loads(answers.as_json()) == {
        "model": "net",
        "classes": ["negative", "positive"],
        "predictions": [{
            "clip": "a", "label": "positive", "apex": 5,
            "probabilities": {"negative": 0.25, "positive": 0.75},
            "flags": ["apex_spotted", "nothing_moved", "too_long"],
            "milliseconds": {"read": 1.2, "network": 3.4, "total": 4.6},
        }],
        "failed": [
            {"clip": "none.avi", "reason": "none.avi does not exist"},
            {"clip": "b", "reason": "b: frame 0 is odd"},
            {"clip": "c", "reason": "c/f1.png is odd"},
        ],
    }  # fmt: skip


def test_lines(answers):
    assert list(answers.as_lines()) == [
        "a: positive",
        "  probabilities  negative 0.250, positive 0.750",
        "  apex frame     5 (spotted)",
        "  milliseconds   5: read 1, network 3",
        "  nothing moved: onset and apex frame do not differ, so there is no expression",
        "  longer than the half second of a micro-expression: cut the clip to it with --onset and "
        "--offset",
    ]


def test_table(answers):
    text = io.StringIO()
    answers.write_csv(text)
    assert list(csv.DictReader(io.StringIO(text.getvalue()))) == [{
        "clip": "a", "label": "positive", "p_negative": "0.250000", "p_positive": "0.750000",
        "apex": "5", "flags": "apex_spotted nothing_moved too_long", "milliseconds": "4.6",
    }]  # fmt: skip
