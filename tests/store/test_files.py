"""Damaged stores are found."""

import json

import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.store import FeatureStore


def test_a_damaged_store_is_not_opened(built):
    index, flow = built / "index.json", built / "flow.npy"
    text, data = index.read_text(), flow.read_bytes()
    assert len(FeatureStore.open(built)) == 4

    def refuses(message):
        with pytest.raises(InputError, match=message) as error:
            FeatureStore.open(built)
        assert str(built) in str(error.value)

    index.write_text(text[: len(text) // 2])
    refuses("index.json is damaged")
    index.write_text("[]")
    refuses("index.json is damaged")
    changed = json.loads(text)
    changed["rows"][0]["label"] = 1
    index.write_text(json.dumps(changed))
    refuses("index.json is damaged")
    index.unlink()
    refuses("it has no index.json")
    index.write_text(text)
    flow.write_bytes(data[:-1])
    refuses("flow.npy is missing or damaged")
    flow.write_bytes(b"")
    refuses("flow.npy is missing or damaged")
    np.save(flow, np.zeros((3, 8, 8, 3), np.uint8))
    refuses("not the array that index.json describes")
    np.save(flow, np.array([{"a": 1}]), allow_pickle=True)
    refuses("flow.npy is missing or damaged")
    flow.unlink()
    refuses("flow.npy is missing or damaged")


def test_verify_finds_a_changed_value(built):
    store = FeatureStore.open(built)
    store.verify()
    data = bytearray((built / "flow.npy").read_bytes())
    data[-1] ^= 1
    (built / "flow.npy").write_bytes(data)
    with pytest.raises(InputError, match=r"flow\.npy has changed since it was written"):
        FeatureStore.open(built).verify()
