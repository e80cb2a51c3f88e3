"""Finds the apex, the frame of strongest movement, in a clip without annotation."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.binary_pattern import pattern_histogram
from dfrnet_keras.features.flow import global_motion
from dfrnet_keras.features.gray import gray_picture

SPOTTERS = ("dcrois", "dcrois-grid", "flow", "midpoint")
# The one that came closest to the truth of synthetic clips, see README.
BEST_SPOTTER = "flow"

# Left, top, right and bottom of the three regions of Liong et al. as parts of the picture, which
# a face cut by `crop_face` fills: eye with brow on either side, and mouth.
_REGIONS = ((0.14, 0.16, 0.49, 0.50), (0.51, 0.16, 0.86, 0.50), (0.24, 0.60, 0.76, 0.92))
_SMALLEST = 64  # pixels: below, a cell of a region holds too few patterns to count
_LARGEST = 224  # pixels: above, flow takes longer and finds nothing more
_FLOW_GRID = 28
_HEAD_ROUNDS = 4  # more of them cost time and move the apex by a tenth of a frame
# The movement lasts a large part of the clip, so a curve is smoothed over some of its frames.
_SMOOTHING = {"dcrois-grid": 0.04, "flow": 0.02}


def spot_apex(
    frames: Sequence[NDArray] | NDArray,
    *,
    onset: int = 0,
    offset: int | None = None,
    method: str = "dcrois",
) -> int:
    """Index of the frame in which the face differs most from the onset frame.

    Args:
        frames: uint8 frames in order of time, `(n, H, W, 3)` RGB, `(n, H, W, 1)` or `(n, H, W)`
            gray. The face should fill them and be aligned, as after `crop_face`.
        onset: Index of the first frame of the movement.
        offset: Index of the last frame of the movement; by default the last one.
        method: `"dcrois"`: divide and conquer over regions of interest (Liong et al. 2015).
            Histograms of local binary patterns in three regions, one minus their correlation
            with the onset frame (equation 1 of the paper), averaged; then the half of the clip
            whose local maxima have the larger sum, and so on until one maximum is left.
            `"dcrois-grid"`: the same on blurred frames with a histogram for each of 4 x 4 cells
            of a region and a smoothed curve. `"flow"`: the strongest optical flow from the
            onset, along the main direction in which the flow of the clip varies, with the shift,
            turn and growth of the head taken out. `"midpoint"`: the middle of onset and offset.

    Returns:
        An index from onset + 1 to offset; of two frames, the last. A clip in which nothing
        moves has its apex in the middle.

    Raises:
        InputError: The method is unknown, an index is out of range, there is no frame after the
            onset, or the frames are not uint8 pictures of one size.

    References:
        S.-T. Liong, J. See, K. Wong, A. C. Le Ngo, Y.-H. Oh, R. Phan, "Automatic apex frame
        spotting in micro-expression database", ACPR 2015, doi:10.1109/ACPR.2015.7486586.
    """
    if method not in SPOTTERS:
        raise InputError(f"apex method {method!r} is unknown: choose one of {', '.join(SPOTTERS)}")
    count = len(frames)
    offset = count - 1 if offset is None else offset
    if not 0 <= onset < offset < count:
        raise InputError(
            f"onset is {onset} and offset {offset} in a clip of {count} frame(s): give indexes "
            "with the onset before the offset"
        )
    for index in range(onset, offset + 1):
        if np.shape(frames[index]) != np.shape(frames[onset]):
            raise InputError(
                f"frame {index} has another size than frame {onset}: give frames of one size"
            )
    middle = onset + (offset - onset + 1) // 2
    if method == "midpoint" or offset - onset == 1:
        return middle
    grays = [_gray(frames[index], index) for index in range(onset, offset + 1)]
    if method == "flow":
        curve = _smooth(_flow_curve(grays), _SMOOTHING[method])
    elif method == "dcrois-grid":
        curve = _smooth(_pattern_curve(grays, blur=1.5, grid=4), _SMOOTHING[method])
    else:
        curve = _pattern_curve(grays)
    if np.ptp(curve[1:]) == 0:
        return middle
    if method == "flow":
        return onset + 1 + int(np.argmax(curve[1:]))
    return onset + divide_and_conquer(curve)


def divide_and_conquer(curve: NDArray) -> int:
    """The local maximum left when halves with the smaller sum of maxima are dropped.

    It need not be the highest: a lone peak in one half yields to several in the other.

    Args:
        curve: Difference of each frame from the onset frame, `(n,)`, n at least 2.

    Returns:
        An index, never 0.
    """
    curve = np.asarray(curve, np.float64)
    inner = curve[1:-1]
    peaks = 1 + np.flatnonzero((inner >= curve[:-2]) & (inner > curve[2:]))
    if len(peaks) == 0:  # it only rises or only falls
        return 1 + int(np.argmax(curve[1:]))
    low, high = 0, len(curve)
    while len(peaks) > 1:
        middle = (low + high) // 2
        first, second = peaks[peaks < middle], peaks[peaks >= middle]
        if curve[first].sum() >= curve[second].sum():
            peaks, high = first, middle
        else:
            peaks, low = second, middle
    return int(peaks[0])


def _pattern_curve(
    grays: Sequence[NDArray[np.uint8]], *, blur: float = 0.0, grid: int = 1
) -> NDArray[np.float64]:
    """One minus the correlation of pattern histograms with the first frame, mean of regions."""
    curve = []
    reference: list[NDArray[np.float64]] = []
    for gray in grays:
        if blur > 0:
            gray = np.asarray(cv2.GaussianBlur(gray, (0, 0), blur), np.uint8)
        histograms = [pattern_histogram(gray[part], grid=grid) for part in _parts(gray.shape)]
        reference = reference or histograms
        curve.append(
            np.mean(
                [
                    1 - first @ second / np.sqrt((first @ first) * (second @ second))
                    for first, second in zip(reference, histograms, strict=True)
                ]
            )
        )
    return np.asarray(curve)


def _flow_curve(grays: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """How far each frame has gone along the main direction of the movement of the regions.

    The first principal component over time adds up the places that move together and leaves out
    what noise and head movement do elsewhere.
    """
    onset = np.asarray(cv2.GaussianBlur(grays[0].astype(np.float32), (0, 0), 1.5))
    mean, spread = float(onset.mean()), float(onset.std())
    flow_of = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    regions = _parts((_FLOW_GRID, _FLOW_GRID))
    rows = []
    for gray in grays:
        # Brought to the light of the onset frame: a flicker would be read as movement.
        frame = np.asarray(cv2.GaussianBlur(gray.astype(np.float32), (0, 0), 1.5))
        frame = (frame - frame.mean()) * (spread / max(float(frame.std()), 1e-6)) + mean
        flow = flow_of.calc(_rounded(onset), _rounded(frame), np.empty((0, 0), np.float32))
        coarse = cv2.resize(flow, (_FLOW_GRID, _FLOW_GRID), interpolation=cv2.INTER_AREA)
        coarse = coarse - global_motion(coarse, rounds=_HEAD_ROUNDS)
        rows.append(np.concatenate([coarse[part].ravel() for part in regions]))
    moves = np.asarray(rows, np.float64)
    left, singular, _ = np.linalg.svd(moves, full_matrices=False)
    curve = left[:, 0] * singular[0]
    return curve if curve.sum() >= 0 else -curve


def _rounded(image: NDArray) -> NDArray[np.uint8]:
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _parts(shape: tuple[int, ...]) -> list[tuple[slice, slice]]:
    height, width = shape
    return [
        (
            slice(int(top * height), int(bottom * height)),
            slice(int(left * width), int(right * width)),
        )
        for left, top, right, bottom in _REGIONS
    ]


def _smooth(curve: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Gaussian blur over a share of the clip; the curve is mirrored at its ends."""
    sigma = max(share * len(curve), 0.5)
    reach = int(np.ceil(3 * sigma))
    steps = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (steps / sigma) ** 2)
    return np.convolve(np.pad(curve, reach, "symmetric"), kernel / kernel.sum(), "valid")


def _gray(frame: NDArray, index: int) -> NDArray[np.uint8]:
    """Gray values of a frame, brought to a size at which the methods work."""
    frame = gray_picture(frame, f"frame {index}")
    side = max(frame.shape)
    wanted = min(max(side, _SMALLEST), _LARGEST)
    if wanted != side or min(frame.shape) < _SMALLEST:
        factor = wanted / side
        width, height = (max(_SMALLEST, round(length * factor)) for length in frame.shape[::-1])
        shrinking = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        frame = np.asarray(cv2.resize(frame, (width, height), interpolation=shrinking))
    return np.ascontiguousarray(frame, np.uint8)
