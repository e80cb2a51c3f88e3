"""The Kotlin file says what the converted file is."""

import re
from pathlib import Path

import keras
import pytest

from dfrnet_keras.models import DFRNet
from dfrnet_keras.tflite import convert, read_metadata
from dfrnet_keras.tflite.runtime.interpreter import OUTPUT, Network

KOTLIN = (Path(__file__).parents[2] / "examples/android/DfrNet.kt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def content():
    keras.utils.set_random_seed(0)
    return convert(DFRNet(input_size=32, stages=1), quantize="dynamic")


def test_the_contract_in_the_comment(content):
    network = Network(content)
    pattern = r"(input|output)\s+(\w+)\s+(\w+) \[([^\]]+)\]\s+(.*)"
    written = {
        (kind, name): (dtype, [part.strip() for part in shape.split(",")], content_)
        for kind, name, dtype, shape, content_ in re.findall(pattern, KOTLIN)
    }
    expected = {("input", name) for name in network.inputs} | {("output", OUTPUT)}
    assert written.keys() == expected
    for (kind, name), (dtype, shape, _) in written.items():
        tensor = network.inputs[name] if kind == "input" else network.output
        assert dtype == str(tensor.dtype)
        assert [32 if part == "SIZE" else int(part) for part in shape] == list(tensor.shape)
    classes = read_metadata(content)["classes"]
    assert written["output", OUTPUT][2] == ", ".join(classes)


def test_the_names_and_the_order_in_the_code(content):
    from ai_edge_litert.interpreter import Interpreter

    network = Network(content)
    for name, tensor in network.inputs.items():
        assert f'"{name}" to {name}Buffer' in KOTLIN
        assert f"const val {name.upper()}_CHANNELS = {tensor.shape[-1]}\n" in KOTLIN
    assert f'"{OUTPUT}" to outputBuffer' in KOTLIN
    order = re.search(r"val CLASSES = arrayOf\(([^)]+)\)", KOTLIN).group(1)
    classes = [part.strip().removeprefix("Emotion.").lower() for part in order.split(",")]
    assert classes == read_metadata(content)["classes"]
    signatures = Interpreter(model_content=content).get_signature_list()
    assert list(signatures) == [re.search(r'SIGNATURE = "(\w+)"', KOTLIN).group(1)]


def test_the_contract_of_a_file_of_frames():
    from dfrnet_keras.features.preparation import Preparation
    from dfrnet_keras.tflite.conversion.frames_input import take_frames

    about = {"preparation": Preparation(size=32, flow_method="ilk").as_dict()}
    content = convert(DFRNet(input_size=32, stages=1), description=about)
    network = Network(take_frames(content, crop_size=128))
    pattern = r"//   frames\s+(\w+)\s+(\w+)\s+\[([^\]]+)\]"
    written = {name: (dtype, shape) for name, dtype, shape in re.findall(pattern, KOTLIN)}
    assert written.keys() == network.inputs.keys()
    for name, (dtype, shape) in written.items():
        tensor = network.inputs[name]
        assert dtype == str(tensor.dtype)
        sizes = [128 if part.strip() == "CROP" else int(part) for part in shape.split(",")]
        assert sizes == list(tensor.shape)
        assert f'"{name}" to {name}' in KOTLIN
