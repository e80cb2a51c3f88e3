"""The Kotlin file says what the converted files are, of either kind."""

import re
from pathlib import Path

import keras
import pytest

from dfrnet_keras.models import DFRNet
from dfrnet_keras.tflite import convert, read_metadata
from dfrnet_keras.tflite.conversion.frames_input import take_frames
from dfrnet_keras.tflite.runtime.interpreter import OUTPUT, Network

KOTLIN = (Path(__file__).parents[2] / "examples/android/DfrNet.kt").read_text(encoding="utf-8")
# Of each kind of file: its class, and the width and height of its inputs here.
KINDS = {"maps": ("DfrNet", 32), "frames": ("DfrNetFrames", 224)}


@pytest.fixture(scope="module")
def files():
    keras.utils.set_random_seed(0)
    maps = convert(
        DFRNet(input_size=32, stages=1),
        quantize="dynamic",
        description={"preparation": {"flow_method": "ilk"}},
    )
    return {"maps": maps, "frames": take_frames(maps)}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def contract(kind):
    """The lines of the comment about one kind of file."""
    found = re.search(rf"// CONTRACT of a {kind} file, class (\w+) (.*?)\n(?://)?\n", KOTLIN, re.S)
    assert found.group(1) == KINDS[kind][0]
    return found.group(2)


def code(kind):
    return re.search(rf"^class {KINDS[kind][0]}\b.*?^}}\n", KOTLIN, re.S | re.M).group()


def test_the_contract_in_the_comment(files, kind):
    network = Network(files[kind])
    pattern = r"(input|output)\s+(\w+)\s+(\w+)\s+\[([^\]]+)\]\s+(.*)"
    written = {
        (role, name): (dtype, [part.strip() for part in shape.split(",")], content)
        for role, name, dtype, shape, content in re.findall(pattern, contract(kind))
    }
    expected = {("input", name) for name in network.inputs} | {("output", OUTPUT)}
    assert written.keys() == expected
    for (role, name), (dtype, shape, _) in written.items():
        tensor = network.inputs[name] if role == "input" else network.output
        assert dtype == str(tensor.dtype)
        size = KINDS[kind][1]
        assert [size if part == "SIZE" else int(part) for part in shape] == list(tensor.shape)
    classes = read_metadata(files[kind])["classes"]
    assert written["output", OUTPUT][2] == ", ".join(classes)


def test_the_names_and_the_order_in_the_code(files, kind):
    from ai_edge_litert.interpreter import Interpreter

    network = Network(files[kind])
    assert re.findall(r'"(\w+)" to \1Buffer', code(kind)) == re.findall(r'"(\w+)" to', code(kind))
    assert set(re.findall(r'"(\w+)" to', code(kind))) == set(network.inputs)
    for name, tensor in network.inputs.items():
        channels = "CROP" if kind == "frames" else name.upper()
        assert f"const val {channels}_CHANNELS = {tensor.shape[-1]}\n" in code(kind)
    assert f'"{OUTPUT}" to output)' in KOTLIN
    order = re.search(r"val CLASSES = arrayOf\(([^)]+)\)", KOTLIN).group(1)
    classes = [part.strip().removeprefix("Emotion.").lower() for part in order.split(",")]
    assert classes == read_metadata(files[kind])["classes"]
    signatures = Interpreter(model_content=files[kind]).get_signature_list()
    assert list(signatures) == [re.search(r'SIGNATURE = "(\w+)"', KOTLIN).group(1)]
    assert f"signature  {next(iter(signatures))}\n" in contract(kind)


def test_what_the_class_of_frames_insists_on(files):
    """A file of maps is refused by the names of its inputs, another type by its type."""
    network = Network(files["frames"])
    names = re.search(r"names == setOf\(([^)]+)\)", code("frames")).group(1)
    assert set(re.findall(r'"(\w+)"', names)) == set(network.inputs)
    assert Network(files["maps"]).inputs.keys() != network.inputs.keys()
    (dtype,) = {tensor.dtype.name for tensor in network.inputs.values()}
    assert f"DataType.{dtype.upper()} " in code("frames")
