"""`dfr-keras predict` without a network, and `convert --preset`: the one in the package."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from dfrnet_keras.cli.main import dfr_keras
from dfrnet_keras.datasets.synthetic import synthesize_clips
from dfrnet_keras.models.preset import preset_file
from dfrnet_keras.tflite.runtime import Predictor


def command(*arguments):
    return CliRunner().invoke(dfr_keras, list(map(str, arguments)))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A folder of frames for each class and the same person at rest, by name."""
    root = tmp_path_factory.mktemp("drawn")
    clips = synthesize_clips(subjects=1, clips_per_subject=12, size=224, seed=11, balanced=True,
                             amplitude=(2.5, 4))  # fmt: skip
    folders = {}
    for _, clip in clips:
        folder = root / clip.label
        if folder.exists():
            continue
        folder.mkdir()
        for number, frame in enumerate(clip.frames[clip.onset : clip.offset + 1]):
            cv2.imwrite(str(folder / f"{number:03d}.png"), frame[..., ::-1])
        folders[clip.label] = folder
    still = root / "still"
    still.mkdir()
    for number in range(4):
        noise = np.random.default_rng(number).normal(0, 1, frame.shape)
        picture = np.clip(clip.frames[clip.onset] + noise, 0, 255).astype(np.uint8)
        cv2.imwrite(str(still / f"{number:03d}.png"), picture[..., ::-1])
    return {**folders, "still": still}


def test_each_class_is_named_with_its_units(drawn):
    units = {
        "negative": {"AU4", "AU7", "AU9", "AU10", "AU14", "AU15", "AU17", "AU20", "AU24"},
        "positive": {"AU6", "AU12", "AU14"},
        "surprise": {"AU1", "AU2", "AU5", "AU26"},
    }
    result = command("predict", *(drawn[label] for label in units), "--json")
    assert result.exit_code == 0, result.output
    right = 0
    for (label, expected), answer in zip(
        units.items(), json.loads(result.stdout)["predictions"], strict=True
    ):
        strongest = max(answer["units"], key=lambda name: max(answer["units"][name]))
        right += answer["label"] == label and strongest in expected
        assert 0 <= answer["movement"] <= 1
    assert right >= 2  # of drawn clips nine in ten are right (docs/presets.md)


def test_a_face_at_rest_has_no_label_and_strict_says_so(drawn):
    result = command("predict", drawn["still"], drawn["positive"])
    assert result.exit_code == 0, result.output
    assert f"{drawn['still']}: no micro-expression" in result.output
    assert "action units   AU" in result.output
    strict = command("predict", drawn["still"], "--strict", "--json")
    assert strict.exit_code == 3
    (answer,) = json.loads(strict.stdout)["predictions"]
    assert answer["label"] is None
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=0.02)


def test_a_table_has_a_column_a_unit(drawn, tmp_path):
    table = tmp_path / "table.csv"
    assert command("predict", drawn["surprise"], "--csv", table).exit_code == 0
    header, row = table.read_text().splitlines()
    assert header.split(",")[-17:-15] == ["movement", "AU1"]
    assert len(header.split(",")) == len(row.split(","))


def test_no_keras_is_needed(drawn):
    code = (
        "import sys; from dfrnet_keras.cli.main import dfr_keras\n"
        f"try: dfr_keras(['predict', {str(drawn['positive'])!r}])\n"
        "except SystemExit as done: assert not done.code\n"
        "assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                            check=False)  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""


def test_what_is_refused(drawn):
    unknown = command("predict", "--preset", "hills", drawn["still"])
    assert unknown.exit_code == 1
    assert "no preset hills: give one of" in str(unknown.exception)
    both = command("predict", preset_file(), drawn["still"], "--preset", "drawn-units")
    assert both.exit_code == 2
    alone = command("predict", preset_file())
    assert alone.exit_code == 2
    assert "name the clips after it" in alone.output
    assert command("convert", "--quantize", "int8").exit_code == 2


@pytest.mark.slow  # the documents run the command
def test_convert_a_preset_to_a_file_that_takes_frames(drawn, tmp_path):
    result = command("convert", "--preset", "drawn-units", "--quantize", "int8", "--input",
                     "frames", "--out", tmp_path, "--clips", 40, "--representative", 40, "--json",
                     )  # fmt: skip
    assert result.exit_code == 0, result.output
    predictor = Predictor(tmp_path / "drawn-units-frames-int8.tflite")
    assert predictor.takes_frames
    labels = ("negative", "positive", "surprise")
    answers = [predictor.predict(drawn[label]) for label in labels]
    assert sum(a.label == label for a, label in zip(answers, labels, strict=True)) >= 2
    assert all(answer.strongest_units() for answer in answers)
    assert predictor.predict(drawn["still"]).label is None
