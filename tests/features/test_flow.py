"""Flow, strain and difference against fields that are known."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from dfrnet_keras.datasets.synthetic.face import render_face
from dfrnet_keras.datasets.synthetic.identity import Framing, make_identity
from dfrnet_keras.datasets.synthetic.motion import ClipSpec, displacement, forward_flow
from dfrnet_keras.datasets.synthetic.render import render_clip
from dfrnet_keras.errors import InputError
from dfrnet_keras.features import (
    FLOW_METHODS,
    frame_difference,
    global_motion,
    optical_flow,
    optical_strain,
)

SIZE = 224
# One expression of each class.
EXPRESSIONS = ({4: 0.8, 7: 0.6}, {12: 0.9, 6: 0.8}, {1: 0.9, 2: 1.0})


def look_up(image: NDArray, x: NDArray, y: NDArray) -> NDArray:
    """Cubic spline values: OpenCV's own warp counts in steps of 1/32 pixel."""
    channels = [
        map_coordinates(channel, [y, x], order=3, mode="nearest")
        for channel in np.moveaxis(image, -1, 0)
    ]
    return np.stack(channels, axis=-1)


def as_bytes(image: NDArray) -> NDArray[np.uint8]:
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


@cache
def planted(index: int, pixels: float) -> tuple[NDArray, NDArray, NDArray]:
    """Onset (float RGB), apex and the true flow, `pixels` at its largest."""
    framing = Framing.cropped(SIZE)
    identity = make_identity((7, index))
    face = render_face(identity, framing, supersampling=1)
    spec = ClipSpec("negative", EXPRESSIONS[index], {}, 3, 0, 1, 2, (index,))
    field = displacement(identity, spec, framing)
    field *= pixels / np.hypot(field[..., 0], field[..., 1]).max()
    y, x = np.mgrid[:SIZE, :SIZE]
    moved = look_up(face, x - field[..., 0], y - field[..., 1])
    return face, moved, forward_flow(field)


def error(flow: NDArray, truth: NDArray) -> float:
    """Mean endpoint error."""
    return float(np.hypot(*np.moveaxis(flow - truth, -1, 0)).mean())


def correlation(flow: NDArray, truth: NDArray) -> float:
    """Correlation of the two strain maps."""
    return float(np.corrcoef(optical_strain(flow).ravel(), optical_strain(truth).ravel())[0, 1])


def score(method: str, pixels: float, light: float = 1.0, **options: bool) -> NDArray:
    """Endpoint error over that of no flow at all, and correlation of the strain."""
    scores = []
    for index in range(len(EXPRESSIONS)):
        onset, apex, truth = planted(index, pixels)
        flow = optical_flow(as_bytes(onset), as_bytes(apex * light), method=method, **options)
        scores.append((error(flow, truth) / error(0 * truth, truth), correlation(flow, truth)))
    return np.mean(scores, axis=0)


def test_tvl1_finds_a_planted_field_of_one_pixel() -> None:
    relative_error, strain_correlation = score("tvl1", 1.0)
    assert relative_error <= 0.22
    assert strain_correlation >= 0.88


@pytest.mark.parametrize(("method", "largest_error"), [("dis", 0.30), ("dis-fast", 0.60)])
def test_dis_finds_a_planted_field_of_one_pixel(method: str, largest_error: float) -> None:
    relative_error, strain_correlation = score(method, 1.0)
    assert relative_error <= largest_error
    assert strain_correlation >= 0.75


def test_ilk_is_more_exact_than_tvl1() -> None:
    relative_error, strain_correlation = score("ilk", 1.0)
    assert relative_error <= 0.17
    assert strain_correlation >= 0.96


@pytest.mark.parametrize("method", ["tvl1", "ilk"])
def test_a_third_of_a_pixel_is_seen(method: str) -> None:
    relative_error, strain_correlation = score(method, 0.3)
    assert relative_error <= 0.25
    assert strain_correlation >= 0.90


def test_preparation_takes_flicker_for_what_it_is() -> None:
    steady, flickering = score("dis", 1.0), score("dis", 1.0, light=0.97)
    assert flickering[0] <= steady[0] + 0.1
    assert flickering[1] >= steady[1] - 0.1
    tvl1 = score("tvl1", 1.0, light=0.97)
    assert tvl1[0] <= 0.25
    assert tvl1[1] >= 0.85
    assert score("tvl1", 1.0, light=0.97, prepare=False)[0] > 2 * tvl1[0]


def shifted(right: float, down: float, size: int = 96) -> tuple[NDArray, NDArray]:
    """A textured picture, and the same with its content moved."""
    face, _, _ = planted(0, 1.0)
    y, x = np.mgrid[:size, :size] + 64.0
    return as_bytes(look_up(face, x, y)), as_bytes(look_up(face, x - right, y - down))


@pytest.mark.parametrize("method", FLOW_METHODS)
def test_direction_and_order_of_the_components(method: str) -> None:
    flow = optical_flow(*shifted(1.5, -0.5), method=method)
    assert flow.shape == (96, 96, 2)
    assert flow.dtype == np.float32
    u, v = np.median(flow[16:-16, 16:-16], axis=(0, 1))
    assert u == pytest.approx(1.5, abs=0.2)
    assert v == pytest.approx(-0.5, abs=0.2)


@pytest.mark.parametrize("method", FLOW_METHODS)
def test_flat_and_tiny_pictures_give_a_finite_flow(method: str) -> None:
    flat = np.full((40, 40, 3), 90, np.uint8)
    assert np.abs(optical_flow(flat, flat + 5, method=method)).max() < 1e-3
    tiny = shifted(0.5, 0.0, size=10)
    flow = optical_flow(*tiny, method=method)
    assert flow.shape == (10, 10, 2)
    assert np.isfinite(flow).all()


def test_gray_rgb_and_floats_agree() -> None:
    onset, apex = (frame[..., :1].repeat(3, axis=2) for frame in shifted(1.0, 0.0, size=64))
    flow = optical_flow(onset, apex, method="dis")
    np.testing.assert_allclose(optical_flow(onset[..., 0], apex[..., :1], method="dis"), flow)
    floats = optical_flow(onset.astype(np.float64), apex.astype(np.float32), method="dis")
    np.testing.assert_allclose(floats, flow)


@pytest.mark.parametrize(("method", "tolerance"), [("tvl1", 0.05), ("ilk", 1e-3), ("dis", 0.10)])
def test_flipping_both_frames_flips_the_flow_and_negates_u(method: str, tolerance: float) -> None:
    onset, apex, truth = planted(1, 1.0)
    onset, apex = as_bytes(onset), as_bytes(apex)
    flow = optical_flow(onset, apex, method=method)
    flipped = optical_flow(onset[:, ::-1], apex[:, ::-1], method=method)[:, ::-1]
    # DIS walks over the picture from one corner, so that it is not quite symmetric.
    assert error(flipped * (-1, 1), flow) < tolerance * np.hypot(*np.moveaxis(truth, -1, 0)).max()
    assert np.corrcoef(-flipped[..., 0].ravel(), flow[..., 0].ravel())[0, 1] > 0.95


def test_head_motion_is_removed() -> None:
    """1.8 pixels at the apex on a head that drifts about as far."""
    errors, still, correlations = [], [], []
    for index, units in enumerate(EXPRESSIONS):
        identity = make_identity((7, index))
        weights = {unit: 1.8 * weight for unit, weight in units.items()}
        spec = ClipSpec("negative", weights, {}, 3, 0, 1, 2, (7, index), drift=1.5)
        clip = render_clip(identity, spec, Framing.cropped(SIZE))
        onset, apex = clip.frames[clip.onset], clip.frames[clip.apex]
        flow = optical_flow(onset, apex, remove_global_motion=True)
        errors.append(error(flow, clip.expression))
        still.append(error(0 * flow, clip.expression))
        correlations.append(correlation(flow, clip.expression))
        assert error(optical_flow(onset, apex), clip.expression) > 1.2 * errors[-1]
    assert sum(errors) / sum(still) <= 0.30
    assert np.mean(correlations) >= 0.85


def test_global_motion_follows_the_head_and_not_the_expression() -> None:
    _, _, expression = planted(2, 1.0)
    y, x = (np.mgrid[:SIZE, :SIZE] - SIZE / 2) / SIZE
    head = np.stack([0.7 + 0.3 * x - 0.2 * y, -0.4 + 0.3 * y + 0.2 * x], axis=-1)
    np.testing.assert_allclose(global_motion(head), head, atol=1e-5)
    assert error(global_motion(expression + head), head) < 0.02


def linear_flow(u_x: float, u_y: float, v_x: float, v_y: float) -> NDArray:
    y, x = np.mgrid[:12, :17].astype(np.float64)
    return np.stack([u_x * x + u_y * y, v_x * x + v_y * y], axis=-1)


@pytest.mark.parametrize(
    ("derivatives", "paper", "tensor_norm"),
    [
        ((0.3, 0, 0, 0), 0.3, 0.3),  # stretch along x
        ((0, 0, 0, 0.2), 0.2, 0.2),  # stretch along y
        ((0.3, 0, 0, 0.4), 0.5, 0.5),
        ((0, 0.2, 0, 0), 0.2 / 2**0.5, 0.2 / 2**0.5),  # simple shear
        ((0, 0, 0.2, 0), 0.2 / 2**0.5, 0.2 / 2**0.5),
        ((0, 0.2, 0.2, 0), 0.2, 0.2 * 2**0.5),  # pure shear
        ((0, -0.2, 0.2, 0), 0.2, 0.0),  # rotation
        ((0, 0, 0, 0), 0.0, 0.0),
    ],
)
def test_strain_of_linear_fields(
    derivatives: tuple[float, ...], paper: float, tensor_norm: float
) -> None:
    flow = linear_flow(*derivatives)
    np.testing.assert_allclose(optical_strain(flow), paper, atol=1e-6)
    np.testing.assert_allclose(optical_strain(flow, cross_term=True), tensor_norm, atol=1e-6)


def test_difference_is_symmetric_and_does_not_wrap() -> None:
    dark, light = np.full((4, 5, 3), 3, np.uint8), np.full((4, 5, 3), 250, np.uint8)
    for one, other in ((dark, light), (light, dark)):
        difference = frame_difference(one, other)
        assert difference.dtype == np.uint8
        assert difference.shape == (4, 5)
        assert (difference == 247).all()


def test_bad_input_is_named() -> None:
    frame = np.zeros((32, 32), np.uint8)
    with pytest.raises(InputError, match=r"method 'lucas' .*'tvl1'"):
        optical_flow(frame, frame, method="lucas")
    with pytest.raises(InputError, match="32 x 32 pixels and apex 30 x 32"):
        optical_flow(frame, frame[:, :30])
    with pytest.raises(InputError, match="apex has shape"):
        optical_flow(frame, frame[..., None].repeat(4, axis=2))
    with pytest.raises(InputError, match="onset has dtype int64"):
        frame_difference(frame.astype(np.int64), frame)
    with pytest.raises(InputError, match="not finite"):
        optical_flow(np.full((32, 32), np.nan), frame)
    with pytest.raises(InputError, match="flow has shape"):
        optical_strain(frame)
