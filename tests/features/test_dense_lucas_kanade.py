"""Where ilk is hardest pressed, and its matrices against OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from dfrnet_keras.features import optical_flow
from dfrnet_keras.features.dense_lucas_kanade import (
    _blocks,
    _times,
    area_matrix,
    blur_matrix,
    dense_lucas_kanade,
    difference_matrix,
    interpolation_matrix,
    window_matrix,
)

SIZE = 96


def texture(seed: int, size: int = SIZE) -> NDArray:
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=(size, size)), 1.2, mode="wrap")
    return 128 + 30 * noise / noise.std()


def noisy(picture: NDArray, seed: int) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).normal(size=picture.shape) * 2
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


def moved(picture: NDArray, right: NDArray | float) -> NDArray:
    y, x = np.mgrid[: len(picture), : len(picture)].astype(float)
    return map_coordinates(picture, [y, x - right], order=3, mode="wrap")


def test_an_edge_of_the_motion_stays_sharp() -> None:
    """The upper half slides by a pixel over the lower one, which lies still."""
    face = texture(0)
    upper = np.arange(SIZE)[:, None] < SIZE // 2
    onset, apex = noisy(face, 1), noisy(np.where(upper, moved(face, 1.0), face), 2)
    errors = {}
    for method in ("ilk", "dis"):
        flow = optical_flow(onset, apex, method=method)
        errors[method] = np.hypot(flow[..., 0] - upper, flow[..., 1])[:, 8:-8].mean()
    assert errors["ilk"] < errors["dis"]
    flow = optical_flow(onset, apex, method="ilk")[8:-8, 8:-8, 0]
    middle = SIZE // 2 - 8
    assert flow[: middle - 4].mean() == pytest.approx(1.0, abs=0.05)
    assert flow[middle + 4 :].mean() == pytest.approx(0.0, abs=0.05)


def test_large_motion_is_followed() -> None:
    """A hill of 8 pixels on a face of 224, as a smile is from close by."""
    size = 224
    y, x = np.mgrid[:size, :size].astype(float)
    right = 8 * np.exp(-((x - 110) ** 2 + (y - 100) ** 2) / (2 * 24**2))
    face = texture(3, size)
    # What moves is looked up backwards, so it is the flow from the second picture to the first.
    first, second = noisy(moved(face, right), 4), noisy(face, 5)
    flow = optical_flow(first, second, method="ilk")
    error = np.hypot(flow[..., 0] + right, flow[..., 1]).mean()
    assert error < 0.06 * np.abs(right).mean()


def test_pictures_of_a_batch_do_not_mix() -> None:
    faces = np.stack([texture(seed, 40) for seed in range(3)]).astype(np.float32)
    apexes = np.stack([moved(face, shift) for face, shift in zip(faces, (0.5, -1, 2), strict=True)])
    together = dense_lucas_kanade(faces, apexes.astype(np.float32))
    assert together.shape == (3, 2, 40, 40)
    assert together.dtype == np.float32
    for flow, onset, apex in zip(together, faces, apexes.astype(np.float32), strict=True):
        np.testing.assert_allclose(
            flow, dense_lucas_kanade(onset[None], apex[None])[0], rtol=0, atol=1e-4
        )


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (2, 3), (17, 64)])
def test_any_size_and_what_comes_out_of_nothing(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    spot = np.zeros(shape, np.uint8)
    spot[shape[0] // 2, shape[1] // 2] = 255
    black = np.zeros(shape, np.uint8)
    np.testing.assert_array_equal(optical_flow(picture, picture, method="ilk"), 0)
    np.testing.assert_array_equal(optical_flow(black, black + 255, method="ilk"), 0)
    for pair in ((picture, black), (black, spot), (spot, black), (spot, picture)):
        flow = optical_flow(*pair, method="ilk")
        assert flow.shape == (*shape, 2)
        assert np.isfinite(flow).all()


@pytest.mark.parametrize("length", [1, 2, 5, 40])
@pytest.mark.parametrize("deviation", [1.0, 1.5])
def test_blur_is_that_of_opencv(length: int, deviation: float) -> None:
    picture = np.random.default_rng(0).uniform(0, 255, (length, 9)).astype(np.float32)
    expected = cv2.GaussianBlur(picture, (0, 0), deviation)
    blurred = blur_matrix(length, deviation) @ picture @ blur_matrix(9, deviation).T
    np.testing.assert_allclose(blurred, expected, rtol=1e-4)


@pytest.mark.parametrize("target", [1, 7, 28, 128])
def test_area_average_is_that_of_opencv(target: int) -> None:
    picture = np.random.default_rng(0).uniform(0, 255, (224, 224)).astype(np.float32)
    expected = cv2.resize(picture, (target, target), interpolation=cv2.INTER_AREA)
    shrunk = area_matrix(224, target) @ picture @ area_matrix(224, target).T
    np.testing.assert_allclose(shrunk, expected, rtol=1e-3)


@pytest.mark.parametrize(("length", "target"), [(8, 16), (9, 17), (1, 2), (5, 5)])
def test_interpolation_is_that_of_opencv(length: int, target: int) -> None:
    column = np.random.default_rng(0).uniform(0, 255, (length, 1)).astype(np.float32)
    expected = cv2.resize(column, (1, target), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(interpolation_matrix(length, target) @ column, expected, rtol=1e-3)


def test_windows_sum_to_one_at_the_border_too() -> None:
    np.testing.assert_allclose(window_matrix(33, 17, 3.7).sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("size", [1, 2, 30, 224, 300])
@pytest.mark.parametrize(
    "matrix", [(window_matrix, 0.5, 3.5), (interpolation_matrix, 2, 1.5), (difference_matrix, 1)]
)
def test_products_are_small_enough_for_one_thread(matrix: tuple, size: int) -> None:
    """Beyond 65536 * 4 multiplications OpenBLAS wakes its threads (its interface/gemm.c)."""
    make, scale, *deviation = matrix
    target = (round(np.ceil(size * scale)),) if make is not difference_matrix else ()
    arguments = (size, *target, *deviation)
    _, blocks = _blocks(size, make, *arguments)
    assert max(block.size for *_, block in blocks) * size <= 2**18
    planes = np.random.default_rng(0).uniform(-255, 255, (2, 3, size, size)).astype(np.float32)
    whole = make(*arguments)
    close = {"rtol": 1e-5, "atol": 1e-3}
    np.testing.assert_allclose(_times(np, planes, -1, make, *arguments), planes @ whole.T, **close)
    np.testing.assert_allclose(_times(np, planes, -2, make, *arguments), whole @ planes, **close)
