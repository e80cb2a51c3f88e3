import dataclasses

import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.models.kernel_machines import MACHINES, describe_flow, fit_and_score


@pytest.fixture
def clouds():
    """Three clouds of points, one class each, and where their middles lie."""
    random = np.random.default_rng(0)
    middles = random.normal(size=(3, 6)) * 4
    labels = np.arange(30) % 3
    return middles[labels] + random.normal(size=(30, 6)), labels, middles


@pytest.mark.parametrize("name", sorted(MACHINES))
def test_tells_clouds_apart(name, clouds):
    points, labels, middles = clouds
    scores = fit_and_score(MACHINES[name], points, labels, middles, classes=3)
    np.testing.assert_array_equal(scores.argmax(1), [0, 1, 2])
    np.testing.assert_allclose(scores.sum(1), 1)


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
def test_equals_scikit_learn(kernel, clouds):
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    points, labels, _ = clouds
    labels = np.where(np.arange(30) < 12, 0, labels)  # not balanced
    others = points[::-1] + 0.5
    machine = dataclasses.replace(MACHINES["svm"], kernel=kernel)
    scores = fit_and_score(machine, points, labels, others, classes=3)
    scaler = StandardScaler().fit(points)
    svm = SVC(C=1, kernel=kernel, gamma="scale", class_weight="balanced")
    if kernel == "linear":
        svm.C = 1 / 6  # the kernel is divided by the number of features
    svm.fit(scaler.transform(points), labels)
    np.testing.assert_array_equal(scores.argmax(1), svm.predict(scaler.transform(others)))


def test_a_class_that_was_never_seen_is_never_the_answer(clouds):
    points, labels, middles = clouds
    two = labels != 1
    scores = fit_and_score(MACHINES["svm"], points[two], labels[two], middles, classes=3)
    assert (scores[:, 1] == 0).all()
    assert scores.argmax(1)[[0, 2]].tolist() == [0, 2]
    one = labels == 2
    scores = fit_and_score(MACHINES["svm"], points[one], labels[one], middles, classes=3)
    np.testing.assert_array_equal(scores, [[0, 0, 1]] * 3)


@pytest.mark.parametrize("descriptor", ["flow grid", "bi-woof"])
def test_bytes_and_pixels_have_the_same_mirror_image(descriptor):
    """A map in bytes, mirrored as bytes, says what the map in pixels says, mirrored as pixels."""
    random = np.random.default_rng(3)
    pixels = random.normal(size=(2, 28, 28, 3))
    pixels[..., 2] = np.abs(pixels[..., 2])
    pixels[..., :2] -= np.median(pixels[..., :2], axis=(1, 2), keepdims=True)
    as_bytes = pixels * [20, 20, 20] + [127.5, 100, 0]
    for mirror in (False, True):
        there = describe_flow(pixels, descriptor, flow_range="pixels", mirror=mirror)
        here = describe_flow(as_bytes, descriptor, flow_range="bytes", mirror=mirror)
        scale = 20 if descriptor == "flow grid" else 1
        np.testing.assert_allclose(here, there * scale, atol=1e-3)
    plain = describe_flow(pixels, descriptor, flow_range="pixels")
    assert np.abs(plain - there).max() > 0.01


def test_bad_descriptor():
    with pytest.raises(InputError, match="choose one of flow grid, bi-woof"):
        describe_flow(np.zeros((1, 28, 28, 3)), "hog", flow_range="pixels")
