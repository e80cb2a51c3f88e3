"""`fit` with models that are no network, and options that their kind has no use for."""

import json

import pytest

from dfrnet_keras.evaluation import open_run


def machine(root, model, *arguments):
    words = ("fit", "--dataset", "flow-folder", "--root", root, "--model", model, *arguments)
    return [str(word) for word in words]


def test_the_floor_needs_no_training(root, here, tmp_path):
    run_dir = tmp_path / "run"
    code, output, errors = here(
        machine(root, "majority", "--json", "--epochs", 3, "--run-dir", run_dir)
    )
    assert code == 0
    assert "no use for --epochs" in errors
    metrics = json.loads(output)
    assert metrics["validation"] == "none"
    # Five of each class: whichever comes first among equals is always the answer.
    assert metrics["uf1"] == pytest.approx(1 / 6)
    assert metrics["uar"] == pytest.approx(1 / 3)
    assert metrics["folds"]["done"] == 5
    assert open_run(run_dir).settings["learner"] == {"name": "majority", "options": {}}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["majority", "--all-subjects"], "--all-subjects trains a network"),
        (["svm", "--validation", "test-subject"], "leave --validation out"),
        (["svm", "--attention", "all"], "--attention belongs to dfrnet"),
        (["svm"], "12 x 12 pixels: 14 rows and columns do not fit"),
        (["lbp-top-svm"], "ready-made maps"),
        (["rcn-a", "--stages", "2"], "--stages belongs to dfrnet"),
    ],
)
def test_bad_input_to_other_models_is_one_sentence(arguments, message, root, here, tmp_path):
    code, _, error = here(machine(root, *arguments, "--run-dir", tmp_path / "run"))
    assert code == 1
    (line,) = [line for line in error.strip().splitlines() if line.startswith("Error")]
    assert message in line
