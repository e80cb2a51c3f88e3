"""Finds the apex, the frame of strongest movement, in a clip without annotation."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError, check_choice
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
    _check_method(method)
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
    spotter = ApexSpotter(method)
    for index in range(onset, offset + 1):
        spotter.add(frames[index])
    return onset + spotter.apex()


class ApexSpotter:
    """`spot_apex` for frames that come one after the other: none of them is kept.

    Args:
        method: See `spot_apex`.

    Raises:
        InputError: The method is unknown.
    """

    def __init__(self, method: str = BEST_SPOTTER) -> None:
        _check_method(method)
        self._method = method
        self._count = 0
        self._curve: _Flow | _Patterns | None = None
        if method == "flow":
            self._curve = _Flow()
        elif method != "midpoint":
            in_cells = method == "dcrois-grid"
            self._curve = _Patterns(blur=1.5, grid=4) if in_cells else _Patterns()

    def add(self, frame: NDArray[np.uint8]) -> None:
        """Take the next frame, see `spot_apex`; the first one is the onset."""
        if self._curve is not None:
            self._curve.add(_gray(frame, self._count))
        self._count += 1

    def apex(self) -> int:
        """Index of the apex among the frames given, at least two: 1 or more."""
        middle = self._count // 2
        if self._curve is None or self._count == 2:
            return middle
        curve = self._curve.values()
        if self._method in _SMOOTHING:
            curve = _smooth(curve, _SMOOTHING[self._method])
        if np.ptp(curve[1:]) == 0:
            return middle
        if self._method == "flow":
            return 1 + int(np.argmax(curve[1:]))
        return divide_and_conquer(curve)


def _check_method(method: str) -> None:
    check_choice("The apex method", method, SPOTTERS)


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


class _Patterns:
    """One minus the correlation of pattern histograms with the first frame, mean of regions."""

    def __init__(self, *, blur: float = 0.0, grid: int = 1) -> None:
        self._blur, self._grid = blur, grid
        self._reference: list[NDArray[np.float64]] = []
        self._values: list[float] = []

    def add(self, gray: NDArray[np.uint8]) -> None:
        if self._blur > 0:
            gray = np.asarray(cv2.GaussianBlur(gray, (0, 0), self._blur), np.uint8)
        histograms = [pattern_histogram(gray[part], grid=self._grid) for part in _parts(gray.shape)]
        self._reference = self._reference or histograms
        pairs = zip(self._reference, histograms, strict=True)
        unlike = [1 - one @ two / np.sqrt((one @ one) * (two @ two)) for one, two in pairs]
        self._values.append(float(np.mean(unlike)))

    def values(self) -> NDArray[np.float64]:
        return np.asarray(self._values)


class _Flow:
    """How far each frame has gone along the main direction of the movement of the regions.

    The first principal component over time adds up the places that move together and leaves out
    what noise and head movement do elsewhere.
    """

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._onset: NDArray | None = None
        self._moves: list[NDArray[np.float32]] = []  # 2.5 KB a frame

    def add(self, gray: NDArray[np.uint8]) -> None:
        frame = np.asarray(cv2.GaussianBlur(gray.astype(np.float32), (0, 0), 1.5))
        onset = self._onset = frame if self._onset is None else self._onset
        mean, spread = float(onset.mean()), float(onset.std())
        # Brought to the light of the onset frame: a flicker would be read as movement.
        frame = (frame - frame.mean()) * (spread / max(float(frame.std()), 1e-6)) + mean
        flow = self._flow.calc(_rounded(onset), _rounded(frame), np.empty((0, 0), np.float32))
        coarse = cv2.resize(flow, (_FLOW_GRID, _FLOW_GRID), interpolation=cv2.INTER_AREA)
        coarse = coarse - global_motion(coarse, rounds=_HEAD_ROUNDS)
        parts = [coarse[part].ravel() for part in _parts((_FLOW_GRID, _FLOW_GRID))]
        self._moves.append(np.concatenate(parts).astype(np.float32))

    def values(self) -> NDArray[np.float64]:
        moves = np.stack(self._moves)
        count, places = moves.shape
        if count <= places:
            left, singular, _ = np.linalg.svd(moves.astype(np.float64), full_matrices=False)
            curve = left[:, 0] * singular[0]
        else:  # the same of a long clip, by sums over its frames that do not grow with it
            squares = np.zeros((places, places))
            for start in range(0, count, places):
                some = moves[start : start + places].astype(np.float64)
                squares += some.T @ some
            curve = moves @ np.linalg.eigh(squares)[1][:, -1]
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
