import keras
import numpy as np
import pytest
from keras import layers

from dfrnet_keras.errors import InputError
from dfrnet_keras.models import DFRNet, STSTNet
from dfrnet_keras.models.saving import save_network
from dfrnet_keras.tflite import convert, read_metadata, verify
from dfrnet_keras.tflite.conversion.convert import minimal_runtime
from dfrnet_keras.tflite.runtime.interpreter import Network

NAMES = ["apex", "difference", "flow"]


def operations(content):
    return [name for name, _ in output_types(content)]


def output_types(content):
    """Each operation and the type of what it gives."""
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.tools import flatbuffer_utils

    names = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
    types = {v: k for k, v in vars(schema.TensorType).items() if isinstance(v, int)}
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    graph = model.subgraphs[0]
    found = []
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        kind = types[graph.tensors[operator.outputs[0]].type]
        found.append((names[max(code.builtinCode, code.deprecatedBuiltinCode)], kind))
    return found


@pytest.mark.parametrize(
    ("quantize", "input_type", "largest"),
    [
        ("none", "float32", 1e-5),
        ("float16", "float32", 0.01),
        ("dynamic", "float32", 0.1),
        ("int8", "float32", 0.15),
        ("int8", "int8", 0.3),
    ],
)
def test_a_file_answers_as_the_network(network, maps, converted, quantize, input_type, largest):
    content = converted(quantize, input_type)
    runs = Network(content)
    assert list(runs.inputs) == NAMES
    assert all(tensor.shape[0] == 1 for tensor in runs.inputs.values())
    assert {str(tensor.dtype) for tensor in runs.inputs.values()} == {input_type}
    assert runs.output.shape == (1, 3)
    assert runs.output.dtype == np.float32
    used = operations(content)
    assert "CUSTOM" not in used
    assert not [name for name in used if "VAR" in name]
    found = verify(network, content, maps)
    assert found.clips == 48
    assert found.largest_difference <= largest
    assert found.answers.sum(-1) == pytest.approx(1, abs=0.02)


def test_integer_networks_keep_a_channel_of_small_values(network, converted, maps):
    # Strain alone is changed: a network that quantised raw flow as one would hardly see it.
    changed = {name: array[:6].astype(np.float32) for name, array in maps.items()}
    changed["flow"][..., 2] *= 3
    found = verify(network, converted("int8"), changed)
    assert found.largest_difference < 0.15
    assert operations(converted("int8"))[:2] == ["SUB", "MUL"]


def test_an_integer_network_rounds_once_between_convolutions(converted):
    found = set(output_types(converted("int8")))
    types = {name: {kind for other, kind in found if other == name} for name, _ in found}
    assert types["CONV_2D"] == {"INT8"}
    for name in ("MUL", "ADD", "SOFTMAX"):
        assert types[name] == {"FLOAT32"}


def test_sizes_shrink(converted):
    full = len(converted("none"))
    assert len(converted("float16")) < 0.56 * full
    assert len(converted("dynamic")) < 0.36 * full
    assert len(converted("int8")) < 0.36 * full


@pytest.mark.slow
def test_sixteen_bit_activations(network, maps, converted):
    found = verify(network, converted("int16x8"), {k: v[:8] for k, v in maps.items()})
    assert found.largest_difference < 0.02


def test_one_branch_and_a_network_without_normalization(maps):
    lone = DFRNet(features="T", input_size=32, stages=1)
    shallow = STSTNet(input_size=32)
    for model in (lone, shallow):
        content = convert(model, quantize="dynamic")
        assert list(read_metadata(content)["inputs"]) == ["flow"]
        assert verify(model, content, {"flow": maps["flow"][:4]}).largest_difference < 0.1


def test_a_file_and_a_run_folder(network, description, tmp_path, maps):
    run = tmp_path / "run"
    run.mkdir()
    save_network(network, run / "model.keras", description)
    content = convert(run)
    assert read_metadata(content)["preparation"]["flow_method"] == "dis"
    assert verify(network, content, {k: v[:4] for k, v in maps.items()}).equal_classes == 1


def test_bad_arguments(network, samples, tmp_path):
    for quantize in ("int8", "int16x8"):
        with pytest.raises(InputError, match="representative_data"):
            convert(network, quantize=quantize)
    with pytest.raises(InputError, match="representative_data"):
        convert(network, quantize="int8", representative_data=iter([]))
    with pytest.raises(InputError, match="quantize is 'int4'"):
        convert(network, quantize="int4")
    with pytest.raises(InputError, match="input_type is 'uint8'"):
        convert(network, input_type="uint8")
    with pytest.raises(InputError, match="goes with quantize='int8'"):
        convert(network, input_type="int8")
    wrong = [{"flow": samples[0]["flow"]}]
    with pytest.raises(InputError, match="the network takes"):
        convert(network, quantize="int8", representative_data=wrong)
    with pytest.raises(InputError, match="not a"):
        convert(tmp_path / "none.keras")
    with pytest.raises(InputError, match=r"holds no model\.keras"):
        convert(tmp_path)


def test_networks_that_cannot_be_converted(tmp_path):
    open_size = keras.Input((None, None, 3), name="flow")
    pooled = layers.GlobalAveragePooling2D()(open_size)
    with pytest.raises(InputError, match="flow has no fixed size"):
        convert(keras.Model({"flow": open_size}, layers.Dense(3)(pooled)))

    class Odd(layers.Layer):
        def call(self, inputs):
            return keras.ops.erfinv(inputs)

    inputs = keras.Input((8, 8, 1), name="flow")
    x = layers.GlobalAveragePooling2D()(Odd()(inputs))
    model = keras.Model({"flow": inputs}, layers.Dense(3, activation="softmax")(x), name="odd")
    with pytest.raises(InputError, match="odd uses Erfinv"):
        convert(model)
    model.save(tmp_path / "odd.keras")
    with pytest.raises(InputError, match="cannot be loaded"):
        convert(tmp_path / "odd.keras")


def test_a_network_of_keras_applications():
    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNetV3Small(weights=None, input_shape=(32, 32, 3), classes=4)
    rng = np.random.default_rng(0)
    name = model.layers[0].name
    pictures = rng.uniform(0, 255, (16, 32, 32, 3)).astype(np.float32)
    # With the statistics of these pictures: else it would give the same answer to all.
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.0
    model(pictures, training=True)
    data = [{name: picture[None]} for picture in pictures]
    content = convert(model)
    assert list(Network(content).inputs) == [name]
    found = verify(model, content, data)
    assert found.reference.std(0).max() > 0.01
    assert found.largest_difference < 1e-4
    assert found.answers.shape == (16, 4)


@pytest.fixture(scope="module")
def several_inputs():
    """Pictures, a vector and integers, under names that Python functions cannot have."""
    keras.utils.set_random_seed(0)
    picture = keras.Input((12, 8, 3), name="frames-1 x")
    vector = keras.Input((5,), name="class")
    numbers = keras.Input((4,), dtype="int32", name="self")
    parts = [
        layers.Flatten()(layers.Conv2D(4, 3)(picture)),
        layers.Dense(3)(vector),
        layers.Flatten()(layers.Embedding(5, 3, embeddings_initializer="normal")(numbers)),
    ]
    answer = layers.Dense(3, activation="softmax")(layers.Concatenate()(parts))
    return {"frames-1 x": picture, "class": vector, "self": numbers}, answer


@pytest.mark.parametrize("structure", ["list", "tuple", "dict", "nested"])
@pytest.mark.filterwarnings("error:The structure of:UserWarning")
def test_inputs_of_several_sizes_types_and_names(several_inputs, structure):
    tensors, answer = several_inputs
    one, *others = tensors.values()
    inputs = {
        "list": list(tensors.values()),
        "tuple": tuple(tensors.values()),
        "dict": tensors,
        "nested": [one, {"others": others}],
    }[structure]
    output = {"answer": answer} if structure == "nested" else answer
    model = keras.Model(inputs, output)
    rng = np.random.default_rng(1)
    data = {
        "frames-1 x": rng.normal(size=(40, 12, 8, 3)).astype(np.float32),
        "class": rng.normal(size=(40, 5)).astype(np.float32),
        "self": rng.integers(0, 5, (40, 4)).astype(np.int32),
    }
    content = convert(model)
    runs = Network(content)
    assert {name: tensor.shape for name, tensor in runs.inputs.items()} == {
        "class": (1, 5), "frames-1 x": (1, 12, 8, 3), "self": (1, 4),
    }  # fmt: skip
    assert runs.inputs["self"].dtype == np.int32
    found = verify(model, content, data)
    assert found.clips == 40
    assert found.largest_difference < 1e-5
    assert found.reference.std(0).min() > 0.05
    about = read_metadata(content)
    assert about["inputs"]["frames-1 x"]["shape"] == [1, 12, 8, 3]
    assert about["inputs"]["self"]["dtype"] == "int32"
    samples = [{name: array[[k]] for name, array in data.items()} for k in range(16)]
    integer = convert(model, quantize="int8", representative_data=samples)
    assert verify(model, integer, data).largest_difference < 0.1


def test_one_dimension_and_a_sequential_network():
    inputs = keras.Input((10,), name="x")
    functional = keras.Model(inputs, layers.Dense(2)(inputs))
    sequential = keras.Sequential([keras.Input((10,), name="x"), layers.Dense(2)])
    data = {"x": np.random.default_rng(0).normal(size=(5, 10)).astype(np.float32)}
    for model in (functional, sequential):
        content = convert(model)
        assert read_metadata(content)["inputs"]["x"]["shape"] == [1, 10]
        assert verify(model, content, data).largest_difference < 1e-5


def test_networks_without_one_output_or_not_built():
    inputs = keras.Input((4,), name="x")
    two = keras.Model(inputs, [layers.Dense(2)(inputs), layers.Dense(2)(inputs)])
    for model in (two, keras.Sequential([layers.Dense(2)])):
        with pytest.raises(InputError, match="is not a functional network with one output"):
            convert(model)


def test_the_release_whose_runtime_a_file_needs(converted):
    versions = {
        kind: tuple(map(int, minimal_runtime(converted(kind)).split(".")))
        for kind in ("none", "dynamic", "int8")
    }
    # Convolutions with int8 weights and float inputs came long after plain ones.
    assert (1, 0, 0) < versions["none"] < versions["dynamic"] < (3, 0, 0)
