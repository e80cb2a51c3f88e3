"""Iterative Lucas-Kanade flow at every pixel, written once for NumPy and for `keras.ops`.

Every step that looks at neighbours (window, pyramid, derivative, interpolation) is a product with
a small matrix from the left for the rows and from the right for the columns. A window then costs
the same however wide it is, its rows sum to one at the border too, and every backend, accelerator
and .tflite runtime has a fast matrix product. Only the warp looks pixels up.
"""

from __future__ import annotations

from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

# docs/flow.md has the measurements behind these. Lengths are in pixels of the level, energies in
# squared gray levels of pictures that reach from 0 to 255.
_LEVELS = 4
_SMALLEST_LEVEL = 8
_WINDOW = 3.5  # standard deviation of the window of the least squares
_SMOOTHING = 1.5  # of the flow between levels, in cells of two pixels
_STIFFNESS = 0.3  # keeps the least squares solvable where there is no texture
_NOISE_STIFFNESS = 7.0  # and stiffer where the fit leaves more noise, so that noise is not followed
_LARGEST_NOISE = (
    3.0  # what remains above this is more and more movement not found yet, and no noise
)
_WIDE_SMOOTHING = 3.5  # of the flow between levels where noise hides the texture
_NOISE_SMOOTHING = 15.0  # how much noise is taken to hide it
_EDGE = 6.0  # windows that remain above this straddle an edge of the motion: others count more
_NO_MOVEMENT = 1e-4  # pixels
_NEGLIGIBLE = 1e-9  # weight of a pixel in a mean
# Multiplications in a product: OpenBLAS wakes its threads beyond, which on busy cores wait for each
# other ten times as long as the product takes.
_LARGEST_PRODUCT = 2**18
_OUTLIER = 60.0  # a pixel this far off counts half


def dense_lucas_kanade(onset: Any, apex: Any, xp: ModuleType = np, *, smoothing: float = 0) -> Any:
    """Movement of each point of the onset pictures on their way to the apex pictures.

    From coarse to fine, once at each level of a pyramid of half sizes: the apex is brought back
    by what the coarser level found, and the rest is solved by least squares in a Gaussian window
    about every second pixel. Gradients are the mean of both pictures'. The flow is then averaged
    over its neighbours, weighted by how well each one's window fits: a window on one side of the
    edge of a lip or a lid fits, one that straddles it does not.

    Args:
        onset: float32 `(batch, height, width)`, gray levels between 0 and 255, blurred by a pixel.
        apex: Of the same shape.
        xp: `numpy` or `keras.ops`; height and width have to be known.
        smoothing: Standard deviation in pixels of a Gaussian blur of the flow.

    Returns:
        float32 `(batch, 2, height, width)`: u to the right, then v downwards, in pixels.

    Reference:
        Lucas and Kanade 1981; le Besnerais and Champagnat, "Dense optical flow by iterative local
        window registration", ICIP 2005, <https://doi.org/10.1109/ICIP.2005.1529706>.
    """
    levels = [(onset[:, None], apex[:, None])]
    while len(levels) < _LEVELS and min(levels[-1][0].shape[2:]) >= 2 * _SMALLEST_LEVEL:
        levels.append(tuple(_to(xp, picture, area_matrix, _half) for picture in levels[-1]))
    flow = None
    for level in reversed(range(len(levels))):
        first, second = levels[level]
        height, width = first.shape[2:]
        if flow is None:
            warped = second
        else:
            coarse = levels[level + 1][0].shape[2:]
            # Across and down grow by different factors where a length is odd.
            grown = np.array([width / coarse[1], height / coarse[0]], np.float32)
            flow = _resized(xp, flow, (_half(height), _half(width)))
            flow = xp.multiply(flow, grown.reshape(1, 2, 1, 1))
            warped = _warp(xp, second, _resized(xp, flow, (height, width)))
        step, fit, trust = _least_squares(xp, first, warped, robust=level == 0)
        flow = step if flow is None else flow + step
        near = _averaged(xp, flow, fit, _SMOOTHING)
        if level > 0:
            wide = _averaged(xp, flow, fit, _WIDE_SMOOTHING)
            near = wide + trust * (near - wide)
        flow = near
    flow = _resized(xp, flow, levels[0][0].shape[2:], smoothing)
    # Equal pictures leave the rounding of their gray levels, which what divides a map by its
    # strength would make a movement of.
    return xp.where(xp.abs(flow) < np.float32(_NO_MOVEMENT), np.float32(0), flow)


def _averaged(xp: ModuleType, flow: Any, weight: Any, deviation: float) -> Any:
    weighted = xp.concatenate([flow * weight, weight], axis=1)
    weighted = _to(xp, weighted, window_matrix, None, deviation)
    return weighted[:, :2] / weighted[:, 2:]


def _least_squares(xp: ModuleType, first: Any, warped: Any, robust: bool) -> tuple[Any, Any, Any]:
    """The movement that is left, the weight of its window and how far its texture is to be trusted,
    at every second pixel."""
    height, width = first.shape[2:]
    middle = (first + warped) * np.float32(0.5)
    across = _times(xp, middle, -1, difference_matrix, width)
    down = _times(xp, middle, -2, difference_matrix, height)
    change = first - warped
    products = xp.concatenate(
        [
            across * across,
            across * down,
            down * down,
            across * change,
            down * change,
            change * change,
        ],
        axis=1,
    )
    if robust:
        products = products / (1 + change * change * np.float32(1 / _OUTLIER**2))
    sums = _to(xp, products, window_matrix, _half, _WINDOW)
    xx, xy, yy, xt, yt, tt = xp.split(sums, 6, axis=1)

    def solve(stiffness: Any) -> tuple[Any, Any]:
        a, b = xx + stiffness, yy + stiffness
        scale = 1 / (a * b - xy * xy)
        return (b * xt - xy * yt) * scale, (a * yt - xy * xt) * scale

    def remaining(u: Any, v: Any) -> Any:
        return xp.maximum(tt - u * xt - v * yt, 0)

    noise = remaining(*solve(np.float32(_STIFFNESS)))
    noise = noise / (1 + noise * noise * np.float32(1 / _LARGEST_NOISE**2))
    u, v = solve(noise * _NOISE_STIFFNESS + np.float32(_STIFFNESS))
    misfit = remaining(u, v) * np.float32(1 / _EDGE) + 1
    a, b = xx + np.float32(_STIFFNESS), yy + np.float32(_STIFFNESS)
    texture = (a * b - xy * xy) / (a + b)
    trust = texture / (texture + noise * _NOISE_SMOOTHING)
    return xp.concatenate([u, v], axis=1), 1 / (misfit * misfit), trust


def _warp(xp: ModuleType, picture: Any, flow: Any) -> Any:
    """The picture with the movement undone: at `x` lies what is at `x + flow[x]`, bilinearly."""
    height, width = picture.shape[2:]
    # Not by ops.add, which on TensorFlow takes a column for a bias of the last axis.
    columns = xp.array(np.arange(width, dtype=np.float32))
    rows = xp.array(np.arange(height, dtype=np.float32)[:, None])
    u, v = xp.split(flow, 2, axis=1)
    x = xp.clip(u + columns, 0, width - 1)
    y = xp.clip(v + rows, 0, height - 1)
    left, top = (xp.minimum(xp.floor(value), max(length - 2, 0))
                 for value, length in ((x, width), (y, height)))  # fmt: skip
    right_part, lower_part = x - left, y - top
    batch = xp.reshape(xp.arange(xp.shape(picture)[0], dtype="int32"), (-1, 1, 1, 1))
    place = xp.array(top * width + left, dtype="int32") + batch * (height * width)
    values = xp.reshape(picture, (-1,))

    def row(offset: int) -> Any:
        start = xp.take(values, place + offset, axis=0)
        end = xp.take(values, place + (offset + (width > 1)), axis=0)
        return start + right_part * (end - start)

    upper = row(0)
    lower = row(width if height > 1 else 0)
    return upper + lower_part * (lower - upper)


def _half(length: int) -> int:
    return (length + 1) // 2


def _to(xp: ModuleType, planes: Any, make: Any, size: Any, *arguments: float) -> Any:
    """Planes `(batch, n, height, width)` times a matrix for the rows and one for the columns."""
    for axis in (-1, -2):
        length = planes.shape[axis]
        planes = _times(
            xp, planes, axis, make, length, size(length) if size else length, *arguments
        )
    return planes


def _resized(xp: ModuleType, flow: Any, size: tuple[int, int], smoothing: float = 0) -> Any:
    for axis in (-1, -2):
        lengths = flow.shape[axis], size[axis]
        flow = _times(xp, flow, axis, interpolation_matrix, *lengths, smoothing)
    return flow


def _times(xp: ModuleType, planes: Any, axis: int, make: Any, *arguments: float) -> Any:
    """The matrix that `make` makes of the arguments times the planes along an axis, -1 or -2."""
    if xp is not np:
        matrix = make(*arguments)
        return xp.matmul(planes, matrix.T) if axis == -1 else xp.matmul(matrix, planes)
    planes = planes.swapaxes(-2, axis)
    target, blocks = _blocks(planes.shape[-1], make, *arguments)
    product = np.empty_like(planes, shape=(*planes.shape[:-2], target, planes.shape[-1]))
    for to, of, matrix in blocks:
        np.matmul(matrix, planes[..., of, :], out=product[..., to, :])
    return product.swapaxes(-2, axis)


@lru_cache(maxsize=256)
def _blocks(vectors: int, make: Any, *arguments: float) -> tuple[int, list[Any]]:
    """The matrix without the zeros far from its diagonal, in products that one thread makes."""
    matrix = make(*arguments)
    length = len(matrix)
    while True:
        blocks = []
        for start in range(0, len(matrix), length):
            to = slice(start, start + length)
            used = np.flatnonzero(matrix[to].any(axis=0))
            of = slice(used[0], used[-1] + 1) if len(used) else slice(1)
            blocks.append((to, of, np.ascontiguousarray(matrix[to, of])))
        most = max(block.size for *_, block in blocks) * vectors
        if most <= _LARGEST_PRODUCT or length == 1:
            return len(matrix), blocks
        length = (length + 1) // 2


def _kept(matrix: NDArray) -> NDArray[np.float32]:
    """What a cache hands out, which nobody may write into."""
    # The far tails of a Gaussian are numbers so small that processors multiply them slowly: a
    # hundred times the time of the flow, for nothing.
    matrix = np.where(np.abs(matrix) < _NEGLIGIBLE, 0, matrix).astype(np.float32)
    matrix.setflags(write=False)
    return matrix


@lru_cache(maxsize=128)
def area_matrix(length: int, target: int) -> NDArray[np.float32]:
    """`(target, length)`: each of `target` equal parts is the mean of the pixels it covers."""
    edges = np.arange(target + 1) * (length / target)
    pixels = np.arange(length)
    ends = np.minimum(pixels + 1, edges[1:, None])
    covered = np.clip(ends - np.maximum(pixels, edges[:-1, None]), 0, None)
    return _kept(covered / covered.sum(axis=1, keepdims=True))


@lru_cache(maxsize=128)
def window_matrix(length: int, target: int, deviation: float) -> NDArray[np.float32]:
    """`(target, length)`: mean in a Gaussian window about the middle of each of `target` parts."""
    middles = (np.arange(target) + 0.5) * (length / target) - 0.5
    weights = np.exp(-(((np.arange(length) - middles[:, None]) / deviation) ** 2) / 2)
    return _kept(weights / weights.sum(axis=1, keepdims=True))


@lru_cache(maxsize=128)
def interpolation_matrix(length: int, target: int, blur: float = 0) -> NDArray[np.float32]:
    """`(target, length)`: linear between the middles of `length` cells, then a Gaussian blur."""
    places = np.clip((np.arange(target) + 0.5) * (length / target) - 0.5, 0, length - 1)
    weights = np.maximum(0, 1 - np.abs(places[:, None] - np.arange(length)))
    return _kept(blur_matrix(target, blur) @ weights if blur else weights)


@lru_cache(maxsize=128)
def blur_matrix(length: int, deviation: float) -> NDArray[np.float32]:
    """`(length, length)`: `cv2.GaussianBlur` of float pictures, which mirrors the border."""
    radius = round(deviation * 4)
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-((offsets / deviation) ** 2) / 2)
    # Mirrored about the middle of the first and of the last pixel, as often as it takes.
    period = max(2 * length - 2, 1)
    places = (np.arange(length)[:, None] + offsets) % period
    places = np.minimum(places, period - places) if length > 1 else places
    matrix = np.zeros((length, length))
    np.add.at(matrix, (np.arange(length)[:, None], places), weights / weights.sum())
    return _kept(matrix)


@lru_cache(maxsize=128)
def difference_matrix(length: int) -> NDArray[np.float32]:
    """`(length, length)`: half the next pixel less the last one; beyond the border it repeats."""
    pixels = np.arange(length)
    matrix = np.zeros((length, length))
    np.add.at(matrix, (pixels, np.minimum(pixels + 1, length - 1)), 0.5)
    np.add.at(matrix, (pixels, np.maximum(pixels - 1, 0)), -0.5)
    return _kept(matrix)
