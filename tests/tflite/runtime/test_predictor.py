import os
import subprocess
import sys
from importlib.metadata import version

import cv2
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.features import extract_features
from dfrnet_keras.startup import hidden_lines
from dfrnet_keras.tflite import Predictor, read_metadata, with_metadata
from dfrnet_keras.tflite.runtime.interpreter import _LITERT_LINES


def test_maps_frames_files_and_video_agree(tflite_file, clip, network, tmp_path):
    frames, onset, apex = clip
    predictor = Predictor(tflite_file)
    assert predictor.classes == ("negative", "positive", "surprise")
    assert predictor.size == 32
    answer = predictor.predict(frames, onset, apex)
    assert answer.apex == apex
    assert answer.timings.keys() == {"read", "face", "apex", "maps", "network"}
    assert answer.timings["network"] > 0
    assert answer.timings["maps"] > 0
    assert answer.label == max(answer.probabilities, key=answer.probabilities.get)

    maps = extract_features(frames, onset=onset, apex=apex, size=32, flow_method="dis")
    assert (maps.flow == answer.maps.features.flow).all()
    maps = maps._replace(flow=maps.flow.astype(np.float16))  # as a store keeps it
    by_maps = predictor.predict_maps(**maps._asdict())
    assert by_maps.apex is None
    assert by_maps.probabilities == answer.probabilities
    batch = {name: array[None].astype(np.float32) for name, array in maps._asdict().items()}
    expected = np.asarray(network.predict_on_batch(batch))[0]
    assert list(answer.probabilities.values()) == pytest.approx(expected, abs=0.01)

    paths = []
    for index, frame in enumerate(frames):
        paths.append(tmp_path / "frames" / f"{index}.png")
        paths[-1].parent.mkdir(exist_ok=True)
        cv2.imwrite(str(paths[-1]), frame[..., ::-1])
    video = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"FFV1"), 25, frames.shape[2:0:-1])
    for frame in frames:
        writer.write(frame[..., ::-1])
    writer.release()
    for source in (paths, tmp_path / "frames", str(video)):
        read = predictor.predict(source, onset, apex)
        assert read.probabilities == pytest.approx(answer.probabilities, abs=0.02)
        assert read.timings["read"] > 0


def test_an_unknown_apex_is_spotted(tflite_file, clip):
    frames, _, _ = clip
    predictor = Predictor(tflite_file)
    answer = predictor.predict(frames)
    assert "apex_spotted" in answer.flags
    assert 0 < answer.apex < len(frames)
    assert answer.probabilities == predictor.predict(frames, 0, answer.apex).probabilities
    later = predictor.predict(np.concatenate([frames[:1], frames]), onset=1, offset=len(frames))
    assert later.apex == answer.apex + 1
    assert later.probabilities == answer.probabilities


def test_it_answers_as_the_predictor_of_keras_files(
    network, description, clip, tmp_path, converted
):
    from dfrnet_keras.models.saving import save_network
    from dfrnet_keras.prediction import KerasPredictor

    save_network(network, tmp_path / "net.keras", description)
    path = tmp_path / "net.tflite"
    path.write_bytes(converted("none"))
    theirs, ours = KerasPredictor(tmp_path / "net.keras"), Predictor(path)
    ours.warm_up()
    for arguments in (clip, clip[:2]):
        expected, answer = theirs.predict(*arguments), ours.predict(*arguments)
        assert (answer.label, answer.apex, answer.flags) == (
            expected.label, expected.apex, expected.flags,
        )  # fmt: skip
        assert answer.probabilities == pytest.approx(expected.probabilities, abs=1e-4)
        assert answer.timings.keys() == expected.timings.keys()


def test_raw_integer_inputs_are_quantized_here(converted, maps, network, tmp_path):
    path = tmp_path / "int8.tflite"
    path.write_bytes(converted("int8", "int8"))
    given = {name: array[0] for name, array in maps.items()}
    answer = list(Predictor(path).predict_maps(**given).probabilities.values())
    batch = {name: array[:1].astype(np.float32) for name, array in maps.items()}
    assert answer == pytest.approx(np.asarray(network.predict_on_batch(batch))[0], abs=0.3)


def test_what_was_set_before_leaves_no_trace(tflite_file, maps):
    predictor = Predictor(tflite_file, threads=2)
    clips = [{name: array[k] for name, array in maps.items()} for k in range(3)]
    alone = [Predictor(tflite_file).predict_maps(**clip).probabilities for clip in clips]
    for _ in range(3):
        assert [predictor.predict_maps(**clip).probabilities for clip in clips] == alone


def test_bad_input(tflite_file, clip, maps, converted, tmp_path):
    predictor = Predictor(tflite_file)
    given = {name: array[0] for name, array in maps.items()}
    with pytest.raises(InputError, match="looks at apex, difference, flow, not flow"):
        predictor.predict_maps(flow=given["flow"])
    with pytest.raises(InputError, match=r"flow has the shape \(16, 16, 3\)"):
        predictor.predict_maps(**given | {"flow": np.zeros((16, 16, 3))})
    with pytest.raises(InputError, match="apex is 0"):
        predictor.predict(clip[0], 0, 0)
    with pytest.raises(InputError, match=r"none\.avi"):
        predictor.predict(tmp_path / "none.avi")
    with pytest.raises(InputError, match="threads is 0"):
        Predictor(tflite_file, threads=0)

    path = tmp_path / "other.tflite"
    with pytest.raises(InputError, match="does not exist"):
        Predictor(path)
    content = converted("float16")
    for damaged in (b"", b"text, no network", content[: len(content) // 2], content[:-4]):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"not a TFLite file|truncated"):
            Predictor(path)
    about = read_metadata(content)
    path.write_bytes(with_metadata(content, about | {"classes": ["a", "b"]}))
    with pytest.raises(InputError, match="3 outputs and names 2 classes"):
        Predictor(path)
    path = tmp_path / "guess.tflite"
    changed = about | {"preparation": about["preparation"] | {"flow_method": "guess"}}
    path.write_bytes(with_metadata(content, changed))
    with pytest.raises(InputError, match=r"guess\.tflite: flow_method is 'guess'"):
        Predictor(path).predict(clip[0])
    with pytest.raises(InputError, match="offset is 99"):
        predictor.predict(clip[0], offset=99)
    with pytest.raises(InputError, match="onset is -1"):
        predictor.predict(clip[0], -1)


def test_a_file_without_metadata_and_one_of_another_model(tmp_path):
    import tensorflow as tf

    module = tf.Module()
    module.double = tf.function(lambda x: {"y": x * 2}).get_concrete_function(
        tf.TensorSpec((1, 4), tf.float32, name="x")
    )
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=module.double)
    path = tmp_path / "double.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved")).convert())
    with pytest.raises(InputError, match="another model"):
        Predictor(path)
    with pytest.raises(InputError, match="has no metadata"):
        read_metadata(path)


def test_a_network_of_ours_without_our_metadata(converted, tmp_path):
    path = tmp_path / "bare.tflite"
    path.write_bytes(converted("float16").replace(b"dfrnet_keras.json", b"somebody's.json  "))
    with pytest.raises(InputError, match="has no metadata"):
        Predictor(path)


def test_scikit_image_is_asked_for_only_where_flow_needs_it(converted, clip, tmp_path, monkeypatch):
    content = converted("float16")
    about = read_metadata(content)
    path = tmp_path / "tvl1.tflite"
    about["preparation"]["flow_method"] = "tvl1"
    path.write_bytes(with_metadata(content, about))
    monkeypatch.setitem(sys.modules, "skimage.registration", None)
    with pytest.raises(InputError, match="install scikit-image"):
        Predictor(path).predict(clip[0])


def test_neither_keras_nor_tensorflow_is_imported(tflite_file):
    code = (
        "import sys; from dfrnet_keras.tflite import Predictor; Predictor(sys.argv[1]);"
        "heavy = {'keras', 'tensorflow', 'tf_keras', 'skimage', 'scipy', 'sklearn', 'jax'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tflite_file)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_runtime_that_is_too_old_is_named(tflite_file, monkeypatch):
    def too_old(*_, **__):  # what ai-edge-litert 1.4.0 says of a network with a square root
        raise ValueError("Didn't find op for builtin opcode 'SQRT' version '2'. An older version "
                         "of this builtin might be supported.\nRegistration failed.\n")  # fmt: skip

    monkeypatch.setattr("ai_edge_litert.interpreter.Interpreter", too_old)
    with pytest.raises(InputError) as error:
        Predictor(tflite_file)
    assert str(error.value) == (
        f"{tflite_file} needs a newer ai-edge-litert (this is {version('ai-edge-litert')}, without "
        "version 2 of SQRT): pip install -U ai-edge-litert"
    )


@pytest.mark.parametrize(
    ("module", "message"),
    [("flatbuffers.encode", "pip install flatbuffers"),
     ("ai_edge_litert.interpreter", "pip install -U ai-edge-litert")],
)  # fmt: skip
def test_a_missing_module_is_no_damage(tflite_file, monkeypatch, module, message):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=f"is not installed: {message}"):
        Predictor(tflite_file)


def test_only_the_line_about_the_start_is_left_out(capfd):
    with hidden_lines(_LITERT_LINES):
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\nWARNING: warm\n")
    assert capfd.readouterr().err == "WARNING: warm\n"


def _resident_kilobytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4


@pytest.mark.slow
def test_ten_thousand_calls_take_no_more_memory(tflite_file, maps):
    predictor = Predictor(tflite_file)
    given = {name: array[0] for name, array in maps.items()}
    for _ in range(500):
        predictor.predict_maps(**given)
    before = _resident_kilobytes()
    for _ in range(10_000):
        predictor.predict_maps(**given)
    assert _resident_kilobytes() - before < 1000
