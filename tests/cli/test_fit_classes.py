"""Five classes of drawn CASME II from the sheet to a .tflite file, and what may be compared."""

import json

import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from dfrnet_keras.datasets.synthetic.layouts import write_layout

    out = tmp_path_factory.mktemp("five") / "casme2"
    return write_layout("casme2", out, subjects=3, clips_per_subject=8, frames=6,
                        edition="cropped", others=True)  # fmt: skip


def test_five_classes_from_sheet_to_device(here, folder, tmp_path):
    data = ["--dataset", "casme2", "--root", folder]
    fit = ["fit", *data, "--size", "28", "--flow", "dis", "--classes", "five"]
    code, output, _ = here(["data", "check", *data, "--classes", "five", "--json"])
    counts = json.loads(output)["found"]["classes"]
    names = ["disgust", "happiness", "others", "repression", "surprise"]
    assert (code, list(counts), sum(counts.values())) == (0, names, 24)

    network = [*fit, "--model", "ststnet", "--epochs", "2"]
    code, output, _ = here([*network, "--run-dir", tmp_path / "five", "--json"])
    metrics = json.loads(output)
    assert (code, metrics["classes"], metrics["clips"]) == (0, names, 24)
    assert [len(row) for row in metrics["confusion_matrix"]] == [5] * 5

    assert here([*network, "--all-subjects", "--run-dir", tmp_path / "all"])[0] == 0
    code, output, _ = here(["convert", tmp_path / "all", "--quantize", "none", "--json"])
    assert code == 0
    (clip, *_) = sorted((folder / "Cropped" / "sub01").iterdir())
    device = tmp_path / "all" / "model-float32.tflite"
    answers = []
    for source in (device, tmp_path / "all" / "model.keras"):
        code, output, _ = here(["predict", source, clip, "--json"])
        assert code == 0
        (answer,) = json.loads(output)["predictions"]
        assert list(answer["probabilities"]) == names
        answers.append(answer["label"])
    assert answers[0] == answers[1] in names

    code, _, _ = here(["report", tmp_path / "five", "--out", tmp_path / "five.html"])
    assert code == 0
    assert "repression" in (tmp_path / "five.html").read_text()


def test_runs_of_two_tasks_are_not_compared(here, folder, tmp_path):
    for task in ("five", "three"):
        code, *_ = here(
            ["fit", "--dataset", "casme2", "--root", folder, "--size", "28", "--flow", "dis",
             "--classes", task, "--model", "svm", "--run-dir", tmp_path / task]
        )  # fmt: skip
        assert code == 0
    code, _, message = here(["compare", tmp_path / "five", tmp_path / "three"])
    assert code == 1
    assert "their classes differ, 'disgust, happiness, others" in message
    assert len(message.strip().splitlines()) == 1


def test_the_preset_has_the_f1_of_action_units(here, folder, tmp_path, monkeypatch):
    from dfrnet_keras.learners.preset import PresetLearner
    from dfrnet_keras.models.preset_network import PresetNetwork

    class Untaught:
        network = PresetNetwork(28, members=1)
        units = tuple(f"AU{number}" for number in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 24,
                                                   26, 45))  # fmt: skip

    monkeypatch.setattr(PresetLearner, "preset", lambda *_: Untaught)
    run = tmp_path / "preset"
    code, output, _ = here(
        ["fit", "--dataset", "casme2", "--root", folder, "--size", "28", "--flow", "dis",
         "--model", "preset", "--run-dir", run, "--json"]
    )  # fmt: skip
    units = json.loads(output)["action_units"]
    assert code == 0
    assert units["clips"] > 10
    assert 0 <= units["mean_f1"] <= 1
    assert units["units"]["12"]["known"]
    assert 0 < units["units"]["12"]["always"] < 1
    code, output, _ = here(["evaluate", run])
    assert "Mean F1 of the units that are known" in output
    assert "AU12" in output


def test_classes_are_those_of_a_store(here, tmp_path):
    code, _, message = here(["fit", "--store", tmp_path, "--classes", "five"])
    assert code == 2
    assert "--classes are those of the store" in message
    code, _, message = here(["fit", "--dataset", "smic", "--root", tmp_path, "--classes", "five"])
    assert code == 1
    assert "smic has no five classes that papers agree on" in message
