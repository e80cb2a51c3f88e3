"""A .tflite file that takes two crops: what it is, and that it answers as the Python path does."""

import json

import keras
import numpy as np
import pytest
from click.testing import CliRunner

from dfrnet_keras.cli.main import dfr_keras
from dfrnet_keras.errors import InputError
from dfrnet_keras.features.preparation import Preparation
from dfrnet_keras.models import MotionDFRNet
from dfrnet_keras.models.saving import save_network
from dfrnet_keras.store import FeatureStore
from dfrnet_keras.tflite import (
    Predictor,
    convert,
    read_metadata,
    with_metadata,
    write_porting_reference,
)
from dfrnet_keras.tflite.benchmarking.operations import time_operations
from dfrnet_keras.tflite.conversion.frames_check import drawn_crops, verify_frames
from dfrnet_keras.tflite.conversion.frames_input import take_frames
from dfrnet_keras.tflite.conversion.join import join
from dfrnet_keras.tflite.runtime.interpreter import Network

CROP = 128
PREPARATION = Preparation(size=28, flow_method="ilk")
DESCRIPTION = {"preparation": PREPARATION.as_dict(), "size": 28, "flow_range": "pixels"}


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    return MotionDFRNet(28, members=1)


@pytest.fixture(scope="module")
def crops():
    return list(drawn_crops(6, CROP))


@pytest.fixture(scope="module")
def maps(crops):
    from dfrnet_keras.features import extract_features

    return [
        {"flow": extract_features(pair, apex=1, size=28, flow_method="ilk").flow[None]}
        for pair in crops
    ]


@pytest.fixture(scope="module")
def files(model, maps):
    return {
        quantize: take_frames(
            convert(
                model,
                quantize=quantize,
                representative_data=maps if quantize == "int8" else None,
                description=DESCRIPTION,
            ),
            crop_size=CROP,
        )
        for quantize in ("none", "int8")
    }


@pytest.mark.parametrize(("quantize", "tolerance"), [("none", 1e-3), ("int8", 0.06)])
def test_it_answers_as_the_python_path(model, files, crops, quantize, tolerance):
    found = verify_frames(model, files[quantize], PREPARATION, crops)
    assert found.clips == len(crops)
    assert found.largest_difference < tolerance


@pytest.mark.parametrize("quantize", ["none", "int8"])
def test_it_holds_built_in_operations_and_two_crops(files, quantize):
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.tools import flatbuffer_utils

    network = Network(files[quantize])
    assert {name: (t.shape, str(t.dtype)) for name, t in network.inputs.items()} == {
        name: ((1, CROP, CROP, 3), "uint8") for name in ("onset", "apex")
    }
    assert network.output.shape == (1, 3)
    codes = flatbuffer_utils.read_model_from_bytearray(bytearray(files[quantize])).operatorCodes
    assert schema.BuiltinOperator.CUSTOM not in {code.builtinCode for code in codes}
    assert len(files[quantize]) < 6e6


def test_its_operations_are_timed_one_by_one(files, tmp_path):
    path = tmp_path / "frames.tflite"
    path.write_bytes(files["none"])
    assert {row.name for row in time_operations(path, runs=1)} >= {"GATHER", "CONV_2D"}


def test_a_still_clip_and_odd_pictures_have_finite_answers(files, crops):
    onset = crops[0].onset
    bright = np.zeros_like(onset)
    bright[60, 60] = 255
    for content in files.values():
        network = Network(content)
        for pair in ((onset, onset), (onset * 0, onset * 0), (onset * 0, bright),
                     (onset * 0 + 255, onset * 0)):  # fmt: skip
            chances = network.run({"onset": pair[0], "apex": pair[1]})
            assert np.isfinite(chances).all()
            assert chances.sum() == pytest.approx(1, abs=0.02)


def test_the_metadata_say_what_it_takes(files):
    about = read_metadata(files["int8"])
    assert about["takes"] == "frames"
    assert about["inputs"]["onset"]["dtype"] == "uint8"
    assert about["preparation"]["flow_method"] == "ilk"
    assert "trained_on_flow" not in about


def test_another_flow_of_the_training_is_noted(model):
    description = {"preparation": Preparation(size=28, flow_method="dis").as_dict()}
    about = read_metadata(take_frames(convert(model, description=description), crop_size=CROP))
    assert about["trained_on_flow"] == "dis"
    assert about["preparation"]["flow_method"] == "ilk"


def test_the_predictor_takes_either_kind(files, crops, tmp_path):
    path = tmp_path / "frames.tflite"
    path.write_bytes(files["none"])
    predictor = Predictor(path, crop="none")
    by_clip = predictor.predict(list(crops[0]), onset=0, apex=1)
    by_crops = predictor.predict_crops(*crops[0])
    assert by_clip.probabilities == pytest.approx(by_crops.probabilities, abs=1e-6)
    assert predictor.predict([crops[0].onset[..., 0]] * 2, apex=1).flags == ("nothing_moved",)
    with pytest.raises(InputError, match="takes frames: use predict or predict_crops"):
        predictor.predict_maps(flow=np.zeros((28, 28, 3)))
    with pytest.raises(InputError, match="two faces of one size"):
        predictor.predict_crops(crops[0].onset, crops[0].apex[:64])
    with pytest.raises(InputError, match="give uint8"):
        predictor.predict_crops(crops[0].onset / 255, crops[0].apex / 255)


def test_the_porting_reference_is_frames_crops_and_probabilities(files, crops, tmp_path):
    path = tmp_path / "frames.tflite"
    path.write_bytes(files["none"])
    frames = np.stack([np.pad(face, ((0, 0), (8, 8), (0, 0))) for face in crops[0]])
    folder = write_porting_reference(path, tmp_path / "golden", frames=frames, apex=1)
    about = json.loads((folder / "golden.json").read_text())["files"]
    steps = {
        name.removesuffix(".bin"): np.fromfile(folder / name, row["dtype"]).reshape(row["shape"])
        for name, row in about.items()
    }
    assert steps.keys() == {"onset_frame", "apex_frame", "onset", "apex", "probabilities"}
    assert (steps["onset_frame"] == frames[0]).all()
    assert (steps["apex_frame"] == frames[1]).all()
    assert about["onset.bin"]["step"].startswith("input of the network")
    answer = Network(files["none"]).run({name: steps[name] for name in ("onset", "apex")})
    assert answer == pytest.approx(steps["probabilities"], abs=1e-6)


def test_int8_inputs_cannot_be_computed(model, maps):
    # A network that divides cannot be int8 throughout: a clip without motion would stop it.
    with pytest.raises(InputError, match="leave --input-type out"):
        convert(model, quantize="int8", representative_data=maps, input_type="int8")
    content = convert(model, description=DESCRIPTION)
    about = read_metadata(content)
    about["inputs"]["flow"]["dtype"] = "int8"
    content = with_metadata(content, about)
    with pytest.raises(InputError, match="leave --input-type out"):
        take_frames(content)


def test_files_that_do_not_fit_are_not_joined(model, files):
    with pytest.raises(ValueError, match="gives"):
        join(files["none"], files["none"])


def test_the_command_writes_and_checks_it(model, crops, tmp_path, monkeypatch):
    monkeypatch.setenv("DFR_KERAS_HOME", str(tmp_path / "home"))
    from dfrnet_keras.datasets.synthetic import load_synthetic

    clips = load_synthetic(tmp_path / "clips", subjects=1, clips_per_subject=4, frames=5)
    store = FeatureStore.build(clips, tmp_path / "store", size=28, flow_method="ilk")
    about = {
        "classes": list(store.classes), "size": 28, "flow_range": "pixels",
        "store": {"digest": store.digest, "settings": store.settings},
    }  # fmt: skip
    path = save_network(model, tmp_path / "model.keras", about)
    result = CliRunner().invoke(
        dfr_keras,
        ["convert", str(path), "--input", "frames", "--store", str(store.path), "--clips", "2",
         "--json"],
        catch_exceptions=False,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)
    assert row["file"].endswith("model-frames-float32.tflite")
    assert row["frames_agreement"]["largest_difference"] < 1e-3
    answer = Predictor(row["file"]).predict([str(frame) for frame in clips[0].frames])
    assert set(answer.probabilities) == set(store.classes)
