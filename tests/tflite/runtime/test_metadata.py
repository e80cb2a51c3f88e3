import json

import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.models import DFRNet
from dfrnet_keras.tflite import convert, read_metadata, with_metadata
from dfrnet_keras.tflite.runtime.interpreter import Network


def test_what_a_file_says_of_itself(converted):
    about = read_metadata(converted("int8"))
    assert about["classes"] == ["negative", "positive", "surprise"]
    assert about["inputs"]["flow"]["shape"] == [1, 32, 32, 3]
    assert about["inputs"]["flow"]["content"].startswith("u, v in pixels")
    assert about["preparation"] == {
        "size": 32,
        "flow_method": "dis",
        "strain_cross_term": False,
        "remove_global_motion": False,
        "crop": "auto",
        "apex": "annotated",
        "spotter": "flow",
        "flow_range": "pixels",
    }
    assert about["quantize"] == "int8"
    assert about["representative_clips"] == 12
    assert about["package"].startswith("dfrnet_keras ")
    assert about["leave_one_subject_out"] == {"uf1": 0.5}
    assert "assumed" not in about


def test_what_is_not_told_is_marked_as_assumed(converted):
    about = read_metadata(convert(DFRNet(input_size=16, stages=1, classes=4, features="T")))
    assert about["assumed"] == ["preparation", "classes"]
    assert about["classes"] == ["class 0", "class 1", "class 2", "class 3"]


def test_writing_again_replaces_it_and_leaves_the_network(converted, maps):
    content = converted("float16")
    about = read_metadata(content) | {"agreement": {"clips": 3, "note": "ü"}}
    again = with_metadata(with_metadata(content, about), about)
    assert read_metadata(again) == json.loads(json.dumps(about))
    assert abs(len(again) - len(content)) < 400
    clip = {name: array[0] for name, array in maps.items()}
    assert (Network(again).run(clip) == Network(content).run(clip)).all()


def test_files_that_are_none(converted, tmp_path):
    path = tmp_path / "net.tflite"
    with pytest.raises(InputError, match="does not exist"):
        read_metadata(path)
    path.write_bytes(b"no flatbuffer at all")
    with pytest.raises(InputError, match="is not a TFLite file"):
        read_metadata(path)
    content = converted("float16")
    for length in (30, 200):
        path.write_bytes(content[:length])
        with pytest.raises(InputError, match=r"truncated|no metadata"):
            read_metadata(path)
    other = with_metadata(content, {"format": 99})
    with pytest.raises(InputError, match="does not read"):
        read_metadata(other)
