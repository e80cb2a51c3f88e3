"""The flow layers as a .tflite file: built-in operations alone, the answers of NumPy."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from dfrnet_keras.features import frame_difference, optical_flow, optical_strain

SIZE = 40


@pytest.fixture(scope="module")
def interpreter():
    import keras
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter

    from dfrnet_keras.layers import FrameDifference, Gray, OpticalFlow, OpticalStrain

    crops = [
        keras.Input((SIZE, SIZE, 3), batch_size=1, dtype="uint8", name=name)
        for name in ("onset", "apex")
    ]
    grays = [Gray()(crop) for crop in crops]
    flow = OpticalFlow()(grays)
    model = keras.Model(
        crops,
        {"flow": flow, "strain": OpticalStrain()(flow), "difference": FrameDifference()(grays)},
    )
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    found = Interpreter(model_content=converter.convert(), num_threads=1)
    found.allocate_tensors()
    return found


def answers(interpreter, onset: NDArray, apex: NDArray) -> dict[str, NDArray]:
    runner = interpreter.get_signature_runner()
    return {
        name: value[0]
        for name, value in runner(onset=onset[None].copy(), apex=apex[None].copy()).items()
    }


def test_operations_are_built_in(interpreter) -> None:
    names = {operation["op_name"] for operation in interpreter._get_ops_details()}
    assert "BATCH_MATMUL" in names
    assert not {name for name in names if name.startswith("Flex") or name == "CUSTOM"}


def crop(seed: int) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).uniform(0, 255, (SIZE, SIZE, 3)).astype(np.float32)
    return np.rint(cv2.GaussianBlur(noise, (0, 0), 1.5)).astype(np.uint8)


def spot() -> NDArray[np.uint8]:
    picture = np.zeros((SIZE, SIZE, 3), np.uint8)
    picture[20, 15] = 255
    return picture


BLACK, WHITE = np.zeros((SIZE, SIZE, 3), np.uint8), np.full((SIZE, SIZE, 3), 255, np.uint8)


@pytest.mark.parametrize(
    "pair",
    [
        (crop(0), np.roll(crop(0), 1, axis=1)),
        (crop(0), crop(0)),
        (BLACK, BLACK),
        (BLACK, WHITE),
        (WHITE, crop(0)),
        (BLACK, spot()),
        (spot(), BLACK),
    ],
)
def test_same_as_in_numpy(interpreter, pair: tuple[NDArray, NDArray]) -> None:
    found = answers(interpreter, *pair)
    flow = optical_flow(*pair, method="ilk")
    np.testing.assert_allclose(found["flow"], flow, atol=1e-3)
    np.testing.assert_allclose(found["strain"][..., 0], optical_strain(flow), atol=1e-3)
    # A difference of half a gray level may be rounded either way.
    wrong = np.abs(found["difference"][..., 0] - frame_difference(*pair))
    assert wrong.max() <= 1
    assert wrong.mean() < 0.005
