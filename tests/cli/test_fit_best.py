"""`fit --recipe best`, with members that are trained for a moment only."""

import json

import cv2
import numpy as np
import pytest

from dfrnet_keras.datasets.clip import MEGC2019_CLASSES
from dfrnet_keras.datasets.synthetic.flow import draw_motion
from dfrnet_keras.evaluation import open_run
from dfrnet_keras.models.saving import load_network


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A flow-folder of drawn motion: four subjects with five clips each."""
    folder = tmp_path_factory.mktemp("flow-folder")
    lines = ["file,dataset,subject,clip,label"]
    flow, labels = draw_motion(20, seed=8)
    for number, (maps, label) in enumerate(zip(flow, labels, strict=True)):
        picture = (127 + 40 * maps).clip(0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), picture[..., ::-1])
        lines.append(f"{number}.png,d,s{number // 5},c{number},{MEGC2019_CLASSES[label]}")
    (folder / "samples.csv").write_text("\n".join(lines))
    return folder


@pytest.fixture
def fit(root, quick_best_recipe, here):
    """Runs the command in this process; gives exit status, output and messages."""

    def fit(*arguments):
        options = ("--dataset", "flow-folder", "--root", root, "--recipe", "best")
        return here(["fit", *options, *arguments])

    return fit


def test_folds_and_then_the_network_to_deploy(fit, tmp_path):
    folder = tmp_path / "run"
    code, output, errors = fit("--run-dir", folder, "--json")
    assert code == 0, errors
    figures = json.loads(output)
    assert figures["folds"]["done"] == 4
    assert figures["clips"] == 20
    assert figures["validation"] == "none"
    code, _, errors = fit("--run-dir", folder, "--all-subjects")
    assert code == 0, errors
    network, description = load_network(folder / "model.keras")
    assert description["leave_one_subject_out"]["uf1"] == figures["uf1"]
    assert description["learner"]["recipe"]["name"] == "best"

    from dfrnet_keras.tflite import convert, verify

    file = convert(network, description=description)
    maps = {"flow": draw_motion(4, seed=9)[0] * 40 + 127}
    assert verify(network, file, maps).largest_difference < 1e-3


def test_the_optimistic_validation_says_so(fit, tmp_path):
    code, output, errors = fit(
        "--run-dir", tmp_path / "run", "--validation", "test-subject", "--folds", "1", "--seed", 4
    )
    assert code == 0, errors
    assert "OPTIMISTIC" in output
    assert {row.seed for row in open_run(tmp_path / "run").predictions} == {4}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--epochs", "3"], "leave out --epochs"),
        (["--no-augment"], "leave out --augment"),
        (["--attention", "none"], "leave out --attention"),
        (["--model", "ststnet"], "leave out --model ststnet"),
        (["--model", "svm"], "leave out --model svm"),
    ],
)
def test_what_the_recipe_fixes_cannot_be_changed(fit, tmp_path, arguments, words):
    code, _, errors = fit("--run-dir", tmp_path / "run", *arguments)
    assert code == 1
    assert words in errors
    assert not (tmp_path / "run").exists()
