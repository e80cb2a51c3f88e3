import json

import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.models import DFRNet
from dfrnet_keras.tflite import verify
from dfrnet_keras.tflite.conversion.agreement import compare
from dfrnet_keras.tflite.conversion.training_store import (
    check_store,
    find_training_store,
    sample_rows,
    store_maps,
)

SHAPES = {"apex": (1, 32, 32, 3), "difference": (1, 32, 32, 1), "flow": (1, 32, 32, 3)}


def test_figures_of_two_answers():
    reference = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3]], np.float32)
    answers = np.array([[0.5, 0.4, 0.1], [0.2, 0.3, 0.5]], np.float32)
    found = compare(reference, answers)
    assert found.clips == 2
    assert found.largest_difference == pytest.approx(0.2)
    assert found.mean_difference == pytest.approx(0.6 / 6)
    assert found.equal_classes == 0.5
    assert found.as_dict().keys() == {
        "clips", "largest_difference", "mean_difference", "equal_classes",
    }  # fmt: skip
    assert not found.passes("int8")
    same = compare(reference, reference)
    assert same.passes("none")
    assert not compare(reference, reference + 0.01).passes("none")
    assert compare(reference, reference + 0.01).passes("none", 0.02)
    assert not compare(reference, reference * np.nan).passes("int8")


def test_dicts_of_one_clip_and_arrays_of_many_are_the_same_data(network, converted, maps, store):
    by_array = verify(network, converted("float16"), maps)
    by_store = verify(
        network, converted("float16"), store_maps(store, SHAPES, np.arange(len(store)))
    )
    assert by_store.as_dict() == by_array.as_dict()
    with pytest.raises(InputError, match="holds no clip"):
        verify(network, converted("float16"), [])
    with pytest.raises(InputError, match="network takes"):
        verify(network, converted("float16"), {"flow": maps["flow"]})


def test_a_store_that_does_not_fit(store):
    check_store(store, SHAPES, "pixels")
    with pytest.raises(InputError, match=r"\(28, 28, 3\)"):
        check_store(store, {"flow": (1, 28, 28, 3)})
    with pytest.raises(InputError, match="has no depth"):
        check_store(store, {"depth": (1, 32, 32, 1)})
    with pytest.raises(InputError, match="holds flow in pixels"):
        check_store(store, SHAPES, "bytes")


def test_samples_keep_the_shares_of_the_classes(store):
    rows = sample_rows(store, 12)
    assert len(set(rows)) == 12
    assert np.bincount(store.labels[rows]).tolist() == [4, 4, 4]
    assert sample_rows(store, 500).tolist() == list(range(48))
    assert (rows == sample_rows(store, 12)).all()


def test_the_training_store_is_found_again(store, tmp_path, monkeypatch):
    monkeypatch.setenv("DFR_KERAS_HOME", str(tmp_path / "home"))
    about = {"store": {"digest": store.digest}}
    assert find_training_store(tmp_path / "model.keras", about) is None
    assert find_training_store(tmp_path, {}) is None
    (tmp_path / "settings.json").write_text(json.dumps({"store": {"path": str(store.path)}}))
    found = find_training_store(tmp_path / "model.keras", about)
    assert found is not None
    assert found.path == store.path
    assert find_training_store(tmp_path, {"store": {"digest": "another"}}) is None
    (tmp_path / "settings.json").unlink()
    (tmp_path / "home" / "stores").mkdir(parents=True)
    (tmp_path / "home" / "stores" / "mine").symlink_to(store.path)
    assert find_training_store(tmp_path, about).digest == store.digest


def test_another_network_does_not_agree(converted, maps):
    other = DFRNet(input_size=32, stages=1)
    assert not verify(other, converted("float16"), maps).passes("float16")
