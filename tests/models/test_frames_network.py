"""The network of two crops makes the maps of `features` and answers as the network of maps."""

import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.features import extract_features
from dfrnet_keras.features.preparation import Preparation
from dfrnet_keras.models import DFRNet, MotionDFRNet
from dfrnet_keras.models.frames_network import end_to_end, map_network
from dfrnet_keras.prediction.clip_predictor import maps_as_stored

SIZE = 128


@pytest.fixture(scope="module")
def crops():
    from dfrnet_keras.datasets.synthetic import synthesize_clips

    (_, clip), *_ = synthesize_clips(subjects=1, clips_per_subject=1, size=SIZE, seed=3)
    return clip.frames[clip.onset], clip.frames[clip.apex]


@pytest.mark.parametrize(
    "preparation",
    [
        Preparation(size=SIZE, flow_method="ilk"),
        Preparation(size=28, flow_method="ilk", strain_cross_term=True),
        Preparation(size=28, flow_method="ilk", flow_range="bytes"),
    ],
    ids=["whole", "small", "bytes"],
)
def test_maps_are_those_of_features(crops, preparation):
    network = map_network(["flow", "apex", "difference"], preparation, crop_size=SIZE)
    onset, apex = crops
    found = network.predict({"onset": onset[None], "apex": apex[None]}, verbose=0)
    features = extract_features(
        crops,
        apex=1,
        size=preparation.size,
        flow_method="ilk",
        strain_cross_term=preparation.strain_cross_term,
    )
    expected = maps_as_stored(features, preparation)
    for name, step in (("apex", 0), ("difference", 1), ("flow", 1)):
        difference = np.abs(found[name][0] - expected[name].astype(np.float32))
        # Where a gray level or a byte lies between two, rounding may go either way.
        assert difference.max() <= (step if expected[name].dtype == np.uint8 else 2e-3)
        assert difference.mean() < 1e-2


def test_it_answers_as_the_network_of_maps(crops):
    keras.utils.set_random_seed(0)
    model, preparation = MotionDFRNet(28, members=1), Preparation(size=28, flow_method="ilk")
    network = end_to_end(model, preparation, crop_size=SIZE)
    assert {tensor.name: tensor.dtype for tensor in network.inputs} == {
        "onset": "uint8", "apex": "uint8"
    }  # fmt: skip
    onset, apex = crops
    pictures = {"onset": np.stack([onset, apex]), "apex": np.stack([apex, apex])}
    found = network.predict(pictures, verbose=0)
    flow = extract_features(crops, apex=1, size=28, flow_method="ilk").flow
    expected = model.predict(np.stack([flow, np.zeros_like(flow)]), verbose=0)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_it_is_saved_and_loaded(crops, tmp_path):
    network = end_to_end(
        DFRNet(features="SD", stages=1, input_size=32),
        Preparation(size=32, flow_method="ilk"),
        crop_size=SIZE,
    )
    network.save(tmp_path / "frames.keras")
    loaded = keras.saving.load_model(tmp_path / "frames.keras", safe_mode=True)
    pictures = {"onset": crops[0][None], "apex": crops[1][None]}
    np.testing.assert_allclose(
        loaded.predict(pictures, verbose=0), network.predict(pictures, verbose=0), atol=1e-6
    )


@pytest.mark.parametrize(
    ("preparation", "crop_size", "message"),
    [
        (Preparation(size=28), 64, "the maps need 128 x 128"),
        (Preparation(size=224), 128, "the maps need 224 x 224"),
        (Preparation(size=28, remove_global_motion=True), 224, "motion of the head taken out"),
    ],
)
def test_what_cannot_be_made_of_frames_is_said(preparation, crop_size, message):
    with pytest.raises(InputError, match=message):
        map_network(["flow"], preparation, crop_size=crop_size)


def test_other_inputs_are_refused():
    with pytest.raises(InputError, match="takes depth, and frames give flow, apex, difference"):
        map_network(["depth"], Preparation(size=28))
