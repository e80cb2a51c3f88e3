import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.layers import MirroredMotion, RelativeMotion
from dfrnet_keras.models import MotionDFRNet
from dfrnet_keras.models.motion_dfrnet import motion_member, set_members, trunk_of


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)


def test_the_ensemble_averages_members_classifiers_and_mirror_images():
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    members = [motion_member(3, number) for number in range(2)]
    fitted = [(random.normal(0, 0.02, (2048, 3)), random.normal(size=3)) for _ in members]
    ensemble = MotionDFRNet(input_size=56, members=2, drawn_share=0.3)
    set_members(ensemble, members, fitted)
    flow = random.normal(size=(4, 56, 56, 3)).astype("float32")
    motion = RelativeMotion()(flow.reshape(4, 28, 2, 28, 2, 3).mean((2, 4)))
    expected = 0
    for member, (kernel, bias) in zip(members, fitted, strict=True):
        for view in (motion, MirroredMotion()(motion)):
            features = np.asarray(trunk_of(member)(view))
            expected += 0.7 * softmax(features @ kernel + bias) + 0.3 * softmax(
                np.asarray(member(view))
            )
    answers = np.asarray(ensemble(flow))
    np.testing.assert_allclose(answers, expected / 4, atol=1e-5)
    np.testing.assert_allclose(answers.sum(1), 1, atol=1e-5)
    mirrored = flow[:, :, ::-1] * np.array([-1, 1, 1], "float32")
    np.testing.assert_allclose(np.asarray(ensemble(mirrored)), answers, atol=1e-5)


def test_parameters_of_the_recipe():
    assert MotionDFRNet().count_params() == 2_781_336


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"input_size": 60}, "multiple of 28"),
        ({"members": 0}, "must be 1 or more"),
        ({"drawn_share": 1.5}, "between 0 and 1"),
    ],
)
def test_bad_arguments(options, words):
    with pytest.raises(InputError, match=words):
        MotionDFRNet(**options)
