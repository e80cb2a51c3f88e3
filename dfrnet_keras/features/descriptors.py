"""Hand-made descriptors of a clip, for kernel machines: flow grid, Bi-WOOF, LBP-TOP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError


def flow_grid(flow: NDArray, *, cells: int = 14, blur: float = 1.0) -> NDArray[np.float64]:
    """Coarse motion of a face: flow without what its middle has in common, averaged in cells.

    The median of u and of v over the map is taken away, so that it does not matter where zero
    motion lies in a map that was scaled to bytes, nor whether the head moved.

    Args:
        flow: `(H, W, 2)` or `(H, W, 3)`, u then v, in pixels or bytes; further channels are
            ignored.
        cells: Rows and columns of cells, at most H and W.
        blur: Standard deviation in pixels of the Gaussian blur before.

    Returns:
        float64 `(cells * cells * 2,)`, in the unit of the flow.

    Raises:
        InputError: The flow has another shape or fewer pixels than cells.
    """
    flow = _checked_flow(flow, 2, cells)
    centred = flow[..., :2] - np.median(flow[..., :2], axis=(0, 1))
    smooth = cv2.GaussianBlur(centred.astype(np.float32), (0, 0), blur)
    small = cv2.resize(smooth, (cells, cells), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float64).ravel()


def bi_woof(flow: NDArray, *, blocks: int = 5, bins: int = 8) -> NDArray[np.float64]:
    """Bi-weighted oriented optical flow of an onset-to-apex flow map.

    Each block has a histogram of the directions of its flow, every pixel weighted by the
    magnitude of its motion and the histogram brought to a sum of 1; each histogram is then weighted
    by the sum of the optical strain in its block, and the whole brought to length 1.

    Args:
        flow: `(H, W, 3)`: u, v and optical strain. In pixels; of a map in bytes take the median of
            u and v away first, since its zero may lie anywhere.
        blocks: Rows and columns of blocks, at most H and W.
        bins: Directions, the first one from -180 degrees on.

    Returns:
        float64 `(blocks * blocks * bins,)`, all zero where nothing moves.

    Raises:
        InputError: The flow has another shape or fewer pixels than blocks.

    Reference:
        Liong et al., "Less is more: Micro-expression recognition from video using apex frame",
        Signal Processing: Image Communication 62, 2018. https://arxiv.org/abs/1606.01721
        Blocks, bins and both weights are those of its authors' code. Their blocks overlap by a
        pixel; these do not.
    """
    flow = _checked_flow(flow, 3, blocks)
    u, v, strain = flow[..., 0], flow[..., 1], flow[..., 2]
    magnitude = np.hypot(u, v)
    turn = (np.arctan2(v, u) + np.pi) / (2 * np.pi)
    directions = np.minimum((turn * bins).astype(np.int64), bins - 1)
    histograms = []
    for block in _blocks(magnitude, blocks):
        counts = np.bincount(directions[block].ravel(), magnitude[block].ravel(), minlength=bins)
        total = counts.sum()
        share = counts / total if total > 0 else counts
        histograms.append(share * strain[block].sum())
    descriptor = np.concatenate(histograms)
    length = np.linalg.norm(descriptor)
    return descriptor / length if length > 0 else descriptor


def lbp_top(
    frames: NDArray | Sequence[NDArray],
    *,
    blocks: int = 5,
    length: int = 20,
    radius: int = 1,
    reach: int = 4,
) -> NDArray[np.float64]:
    """Local binary patterns on three orthogonal planes of a clip.

    Every point of the clip is compared with the four points around it in the picture (XY), in the
    plane of columns and time (XT) and in that of rows and time (YT), which gives one of 16
    patterns in each. Their histograms are counted in blocks of the picture over the whole clip.

    Args:
        frames: uint8 gray frames of an aligned face, `(n, H, W)`, in order of time.
        blocks: Rows and columns of blocks.
        length: The clip is first brought to so many frames, linearly between its own.
        radius: Distance of the neighbours in the picture, in pixels.
        reach: Distance of the neighbours in time, in frames of the clip of `length` frames.

    Returns:
        float64 `(blocks * blocks * 3 * 16,)`: block after block, each with XY, XT and YT, every
        histogram brought to a sum of 1.

    Raises:
        InputError: The frames are not gray uint8 pictures of one size, are too few, or too small
            for the blocks; or `length` leaves no frame with neighbours in time.

    Reference:
        Zhao and Pietikainen, "Dynamic Texture Recognition Using Local Binary Patterns with an
        Application to Facial Expressions", PAMI 2007. Blocks, radii and four neighbours are the
        best of the CASME II baseline (Yan et al., PLoS ONE 9(1), 2014); the fixed length is ours,
        since a distance of four frames means something else in each dataset's frame rate.
    """
    clip = np.asarray(frames)
    if clip.ndim != 3 or clip.dtype != np.uint8 or len(clip) < 2:
        raise InputError(
            f"frames is {clip.dtype} {clip.shape}: give two or more gray uint8 frames of one size"
        )
    if length <= 2 * reach:
        raise InputError(f"length is {length}: give more than twice the reach of {reach} frames")
    if min(clip.shape[1:]) - 2 * radius < blocks:
        raise InputError(f"frames of {clip.shape[1:]} pixels are too small for {blocks} blocks")
    clip = _in_time(clip, length)
    steps = {"y": (radius, 0, 0), "x": (0, radius, 0), "t": (0, 0, reach)}
    inner = _shifted(clip, 0, 0, 0, radius, reach)
    # Both neighbours along an axis: two bits a plane and axis.
    pairs = {}
    for axis, (down, right, later) in steps.items():
        before = _shifted(clip, -down, -right, -later, radius, reach) >= inner
        after = _shifted(clip, down, right, later, radius, reach) >= inner
        pairs[axis] = before.astype(np.uint8) + 2 * after.astype(np.uint8)
    planes = [pairs[first] + 4 * pairs[second] for first, second in ("xy", "xt", "yt")]
    histograms = []
    for block in _blocks(inner[0], blocks):
        for codes in planes:
            counts = np.bincount(codes[(slice(None), *block)].ravel(), minlength=16)
            histograms.append(counts / counts.sum())
    return np.concatenate(histograms)


def _blocks(picture: NDArray, number: int) -> Iterator[tuple[slice, slice]]:
    """The blocks of a picture, row after row of so many."""
    for rows in np.array_split(np.arange(picture.shape[0]), number):
        for columns in np.array_split(np.arange(picture.shape[1]), number):
            yield slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _checked_flow(flow: NDArray, channels: int, cells: int) -> NDArray[np.float64]:
    flow = np.asarray(flow, np.float64)
    if flow.ndim != 3 or flow.shape[2] not in (channels, 3):
        raise InputError(
            f"flow has shape {flow.shape}: give (height, width, {channels}), u then v"
            + (" then strain" if channels == 3 else "")
        )
    if min(flow.shape[:2]) < cells or cells < 1:
        raise InputError(
            f"flow is {flow.shape[1]} x {flow.shape[0]} pixels: {cells} rows and columns do not fit"
        )
    return flow


def _in_time(clip: NDArray[np.uint8], length: int) -> NDArray[np.float32]:
    """The clip with another number of frames, linear between its own."""
    places = np.linspace(0, len(clip) - 1, length)
    first = np.minimum(places.astype(np.int64), len(clip) - 2)
    share = (places - first).astype(np.float32)[:, None, None]
    before, after = clip[first].astype(np.float32), clip[first + 1].astype(np.float32)
    # In this form what stands still keeps its value to the last bit, which the patterns compare.
    return before + (after - before) * share


def _shifted(clip: NDArray, down: int, right: int, later: int, radius: int, reach: int) -> NDArray:
    """The inner part of a clip, as seen from so far away."""
    time, height, width = clip.shape
    return clip[
        reach + later : time - reach + later,
        radius + down : height - radius + down,
        radius + right : width - radius + right,
    ]
