from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dfrnet_keras.datasets.synthetic import synthesize_clips
from dfrnet_keras.errors import InputError
from dfrnet_keras.features import extract_features, frame_difference, optical_strain


@pytest.fixture(scope="module")
def frames() -> NDArray[np.uint8]:
    options = {"subjects": 1, "clips_per_subject": 1, "frames": 6, "amplitude": (1.5, 1.5)}
    ((_, clip),) = synthesize_clips(**options)
    return clip.frames


@pytest.mark.parametrize("size", [28, 96, 128, 160])
def test_shapes_types_and_ranges(frames: NDArray, size: int) -> None:
    maps = extract_features(frames, apex=3, size=size, flow_method="dis")
    assert maps.apex.shape == (size, size, 3)
    assert maps.difference.shape == (size, size, 1)
    assert maps.flow.shape == (size, size, 3)
    assert maps.apex.dtype == maps.difference.dtype == np.uint8
    assert maps.flow.dtype == np.float32
    assert np.isfinite(maps.flow).all()
    assert maps.flow[..., 2].min() >= 0


def test_maps_come_from_the_frames_that_are_named(frames: NDArray) -> None:
    maps = extract_features(frames, onset=1, apex=4, size=128, flow_method="dis")
    np.testing.assert_array_equal(maps.apex, frames[4])
    np.testing.assert_array_equal(maps.difference[..., 0], frame_difference(frames[1], frames[4]))
    np.testing.assert_array_equal(maps.flow[..., 2], optical_strain(maps.flow))
    pair = extract_features([frames[1], frames[4]], size=128, flow_method="dis")
    for one, other in zip(maps, pair, strict=True):
        np.testing.assert_array_equal(one, other)


def test_small_maps_hold_shrunken_flow_in_pixels_of_their_own(frames: NDArray) -> None:
    large = extract_features(frames, apex=3, size=128, flow_method="dis").flow
    small = extract_features(frames, apex=3, size=32, flow_method="dis").flow
    blocks = large.reshape(32, 4, 32, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(small, blocks * (0.25, 0.25, 1), atol=1e-5)


def test_options_reach_the_flow_and_the_strain(frames: NDArray) -> None:
    plain = extract_features(frames, apex=3, size=128, flow_method="dis").flow
    other = extract_features(
        frames, apex=3, size=128, flow_method="dis", strain_cross_term=True
    ).flow
    np.testing.assert_array_equal(plain[..., :2], other[..., :2])
    assert not np.allclose(plain[..., 2], other[..., 2])
    still = extract_features(
        frames, apex=3, size=128, flow_method="dis", remove_global_motion=True
    ).flow
    assert not np.allclose(plain[..., :2], still[..., :2])


def test_gray_frames_are_repeated(frames: NDArray) -> None:
    gray = frames[..., 1]
    maps = extract_features(gray, apex=3, size=64, flow_method="dis")
    np.testing.assert_array_equal(maps.apex[..., 0], maps.apex[..., 2])
    with_axis = extract_features(gray[..., None], apex=3, size=64, flow_method="dis")
    for one, other in zip(maps, with_axis, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("count", "onset", "apex"), [(2, 0, 1), (3, 0, 1), (6, 0, 3), (6, 4, 5), (5, 1, 3)]
)
def test_the_middle_stands_in_for_an_unknown_apex(
    frames: NDArray, count: int, onset: int, apex: int
) -> None:
    maps = extract_features(frames[:count], onset=onset, size=128, flow_method="dis")
    np.testing.assert_array_equal(maps.apex, frames[apex])


def test_bad_input_is_named(frames: NDArray) -> None:
    with pytest.raises(InputError, match=r"1 frame\(s\)"):
        extract_features(frames[:1])
    with pytest.raises(InputError, match="frame 1 has shape"):
        extract_features([frames[0], frames[1][:100]])
    with pytest.raises(InputError, match="frame 1 has dtype float32"):
        extract_features([frames[0], frames[1].astype(np.float32)])
    with pytest.raises(InputError, match="apex is 2: give an index from 3 to 5"):
        extract_features(frames, onset=2, apex=2)
    with pytest.raises(InputError, match="apex is 6"):
        extract_features(frames, apex=6)
    with pytest.raises(InputError, match="onset is 5"):
        extract_features(frames, onset=5)
    with pytest.raises(InputError, match="size is 0"):
        extract_features(frames, size=0)
