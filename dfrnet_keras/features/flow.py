"""Dense optical flow between two frames, and the maps derived from it (section 3.1.2 of the paper).

The flow is `(H, W, 2)`, u (to the right) then v (downwards), in pixels: what is at `x` in the
onset frame is at `x + flow[x]` in the apex frame. OpenCV and NumPy alone are needed, except by
TV-L1, which comes from scikit-image.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.dense_lucas_kanade import dense_lucas_kanade

FLOW_METHODS = ("tvl1", "ilk", "dis", "dis-fast", "farneback")

# DIS looks for 8 x 8 patches on a half-size pyramid and raises on pictures smaller than this.
_DIS_SMALLEST = 32
# Of another size than the frames, it means: start from no motion.
_NO_FLOW = np.empty((0, 0), np.float32)


def optical_flow(
    onset: NDArray,
    apex: NDArray,
    *,
    method: str = "tvl1",
    prepare: bool = True,
    smoothing: float = 1.5,
    remove_global_motion: bool = False,
) -> NDArray[np.float32]:
    """Movement of each point of the onset frame on its way to the apex frame.

    Args:
        onset: First frame, `(H, W)` or `(H, W, 1)` gray or `(H, W, 3)` RGB; uint8, or floats
            between 0 and 255.
        apex: Second frame, of the same height and width.
        method: `"tvl1"`, the one the field uses (Zach et al. 2007, scikit-image); `"ilk"`, see
            `dense_lucas_kanade`, a hundred times faster, more exact on fields that are known,
            and the only one that is a layer too (`layers.OpticalFlow`); `"dis"` (Kroeger et al.
            2016, the medium preset), as fast and less exact below one pixel; `"dis-fast"`,
            faster still; or `"farneback"`.
        prepare: Match the mean and contrast of the apex to the onset, blur both by one pixel and
            stretch them to the whole range of gray. Without it a flicker of the light by a few
            per cent is read as motion.
        smoothing: Standard deviation in pixels of a Gaussian blur of the flow; 0 for none. Flow
            methods answer in steps of their own, which the derivatives in `optical_strain` blow
            up: with sensor noise the blur brings the correlation of the strain with the truth
            from 0.7 to 0.9 and leaves the error of the flow as it was.
        remove_global_motion: Leave out the movement of the whole head, see `global_motion`. The
            apex frame is first brought back by what a quick flow shows of it, since every
            method is best at small movements.

    Returns:
        float32 array `(H, W, 2)`: u, positive to the right, then v, positive downwards, in
        pixels.

    Raises:
        InputError: The frames differ in size, are not pictures, or the method is unknown.
    """
    if method not in FLOW_METHODS:
        raise InputError(f"flow method {method!r} is unknown: choose one of {list(FLOW_METHODS)}")
    first, second = _gray(onset, "onset"), _gray(apex, "apex")
    _same_size(first, second)
    if remove_global_motion:
        second = _pull_back(second, _head_motion(first, second))
    if prepare:
        first, second = _prepare(first, second)
    if method == "tvl1":
        flow = _tvl1(first, second)
    elif method == "ilk":
        flow = np.moveaxis(dense_lucas_kanade(first[None], second[None])[0], 0, -1)
    else:
        flow = _opencv_flow(first, second, method)
    if smoothing > 0:
        flow = np.asarray(cv2.GaussianBlur(flow, (0, 0), smoothing), np.float32)
    if remove_global_motion:
        flow -= global_motion(flow)
    return flow


def optical_strain(flow: NDArray, *, cross_term: bool = False) -> NDArray[np.float32]:
    """Magnitude of the deformation of the skin: the size of the derivatives of the flow.

    With `u`, `v` the two components of the flow, the default is equation 7 of the paper,
    `sqrt(u_x**2 + v_y**2 + (u_y**2 + v_x**2) / 2)`. The usual norm of the strain tensor,
    `sqrt(u_x**2 + v_y**2 + 2 * ((u_y + v_x) / 2)**2)`, differs from it by the product
    `u_y * v_x` and is zero where the picture merely turns.

    Args:
        flow: `(H, W, 2)` or `(H, W, 3)`, u then v in pixels; further channels are ignored.
        cross_term: Compute the usual norm rather than equation 7.

    Returns:
        float32 array `(H, W)`, at least 0, without unit.

    Raises:
        InputError: The flow has another shape.
    """
    flow = np.asarray(flow)
    if flow.ndim != 3 or flow.shape[2] not in (2, 3) or min(flow.shape[:2]) < 2:
        raise InputError(
            f"flow has shape {flow.shape}: give (height, width, 2), u then v, at least 2 x 2 pixels"
        )
    # np.gradient answers in the order of the axes: down the rows (y) first, then along them (x).
    u_y, u_x = np.gradient(flow[..., 0].astype(np.float64))
    v_y, v_x = np.gradient(flow[..., 1].astype(np.float64))
    shear = (u_y + v_x) ** 2 if cross_term else u_y**2 + v_x**2
    return np.sqrt(u_x**2 + v_y**2 + shear / 2).astype(np.float32)


def frame_difference(onset: NDArray, apex: NDArray) -> NDArray[np.uint8]:
    """Absolute difference of the gray values of two frames, equation 8 of the paper.

    Args:
        onset: First frame, `(H, W)`, `(H, W, 1)` or `(H, W, 3)` RGB, values between 0 and 255.
        apex: Second frame, of the same height and width.

    Returns:
        uint8 array `(H, W)`.

    Raises:
        InputError: The frames differ in size or are not pictures.
    """
    first, second = _gray(onset, "onset"), _gray(apex, "apex")
    _same_size(first, second)
    return np.rint(np.abs(second - first)).astype(np.uint8)


def global_motion(flow: NDArray, *, rounds: int = 30) -> NDArray[np.float32]:
    """The shift, turn and change of size that most of the picture follows: that of the head.

    Least squares with weights renewed from the residuals (Tukey's biweight, its scale from the
    three tenths of the picture that fit best), so that the parts of the face that move by
    themselves have no say. A full affine fit has two more numbers, and with them it takes raised
    brows for a stretch of the whole face.

    Args:
        flow: `(H, W, 2)`, u then v in pixels.
        rounds: At most so many renewals of the weights.

    Returns:
        float32 array `(H, W, 2)`: the fitted flow at every pixel, in pixels.
    """
    height, width = flow.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    # Coordinates of about one keep the least squares well conditioned.
    scale = 2.0 / max(height, width)
    x, y = (columns - width / 2) * scale, (rows - height / 2) * scale
    one, zero = np.ones_like(x), np.zeros_like(x)
    # Unknowns: shift to the right, shift downwards, growth, turn.
    design = np.stack(
        [np.stack([one, zero, x, -y], axis=-1), np.stack([zero, one, y, x], axis=-1)], axis=-2
    )
    step = max(1, min(height, width) // 56)  # some 3000 points fix four numbers well enough
    points = design[::step, ::step].reshape(-1, 2, 4)
    values = flow[::step, ::step, :2].reshape(-1, 2).astype(np.float64)
    weights = np.ones(len(points))
    motion = np.zeros(4)
    for _ in range(rounds):
        root = np.sqrt(weights)
        renewed = np.linalg.lstsq(
            (points * root[:, None, None]).reshape(-1, 4),
            (values * root[:, None]).ravel(),
            rcond=None,
        )[0]
        settled = np.abs(renewed - motion).max() < 1e-5
        motion = renewed
        residual = np.hypot(*(values - points @ motion).T)
        spread = 4.0 * max(float(np.quantile(residual, 0.3)), 1e-6)
        weights = np.clip(1 - (residual / spread) ** 2, 0, None) ** 2
        if settled:
            break
    return (design @ motion).astype(np.float32)


def _gray(frame: NDArray, name: str) -> NDArray[np.float32]:
    """Gray values of a frame, float32 `(H, W)` between 0 and 255; errors call it `name`."""
    frame = np.asarray(frame)
    if frame.ndim == 3 and frame.shape[2] == 1:
        frame = frame[..., 0]
    if frame.ndim not in (2, 3) or (frame.ndim == 3 and frame.shape[2] != 3) or 0 in frame.shape:
        raise InputError(
            f"{name} has shape {frame.shape}: give (height, width), (height, width, 1) or "
            "(height, width, 3)"
        )
    if frame.dtype != np.uint8 and not np.issubdtype(frame.dtype, np.floating):
        raise InputError(f"{name} has dtype {frame.dtype}: give uint8, or floats between 0 and 255")
    gray = np.ascontiguousarray(frame, np.float32)
    if gray.ndim == 3:
        gray = np.asarray(cv2.cvtColor(gray, cv2.COLOR_RGB2GRAY), np.float32)
    if not np.isfinite(gray).all():
        raise InputError(f"{name} holds values that are not finite: give values from 0 to 255")
    return gray


def _same_size(onset: NDArray, apex: NDArray) -> None:
    if onset.shape != apex.shape:
        raise InputError(
            f"onset is {onset.shape[1]} x {onset.shape[0]} pixels and apex {apex.shape[1]} x "
            f"{apex.shape[0]}: give two frames of one size"
        )


def _prepare(
    onset: NDArray[np.float32], apex: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Both frames under the same light, blurred by one pixel, stretched to 0..255."""
    spread = float(apex.std())
    gain = float(onset.std()) / spread if spread > 1e-3 else 1.0
    apex = (apex - apex.mean()) * gain + onset.mean()
    onset = np.asarray(cv2.GaussianBlur(onset, (0, 0), 1.0), np.float32)
    apex = np.asarray(cv2.GaussianBlur(apex, (0, 0), 1.0), np.float32)
    low = min(float(onset.min()), float(apex.min()))
    high = max(float(onset.max()), float(apex.max()))
    stretch = 255.0 / (high - low) if high - low > 1e-3 else 1.0
    return (onset - low) * stretch, (apex - low) * stretch


def _head_motion(onset: NDArray[np.float32], apex: NDArray[np.float32]) -> NDArray[np.float32]:
    """`global_motion` from a quick flow, and from a second one that sees what the first left."""
    motion = global_motion(_opencv_flow(*_prepare(onset, apex), "dis"))
    left = _opencv_flow(*_prepare(onset, _pull_back(apex, motion)), "dis")
    return motion + global_motion(left)


def _pull_back(frame: NDArray[np.float32], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """The frame with the movement undone: at `x` lies what was at `x + flow[x]`."""
    height, width = frame.shape
    # cv2.remap looks up steps of 1/32 pixel, too coarse here: four times the points make it 1/128.
    fine = cv2.resize(frame, (width * 4, height * 4), interpolation=cv2.INTER_CUBIC)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    moved = cv2.remap(
        fine,
        (x + flow[..., 0] + 0.5) * 4 - 0.5,
        (y + flow[..., 1] + 0.5) * 4 - 0.5,
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(moved, np.float32)


def _tvl1(onset: NDArray, apex: NDArray) -> NDArray[np.float32]:
    from skimage.registration import optical_flow_tvl1

    # The attachment is made for values of about one: on 0..255 the flow follows the noise. The
    # usual 15 falls short of movements of a pixel by a fifth; more than 20 loses those of 0.3.
    v, u = optical_flow_tvl1(onset / np.float32(255), apex / np.float32(255), attachment=20)
    return np.stack([u, v], axis=-1).astype(np.float32)


def _opencv_flow(onset: NDArray, apex: NDArray, method: str) -> NDArray[np.float32]:
    height, width = onset.shape
    factor = max(1, -(-_DIS_SMALLEST // min(height, width)))
    frames = [np.clip(np.rint(frame), 0, 255).astype(np.uint8) for frame in (onset, apex)]
    if factor > 1:
        size = (width * factor, height * factor)
        frames = [cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR) for frame in frames]
    before, after = frames
    if method == "farneback":
        flow = cv2.calcOpticalFlowFarneback(
            before,
            after,
            _NO_FLOW,
            pyr_scale=0.5,
            levels=3,
            winsize=15,
            iterations=3,
            poly_n=5,
            poly_sigma=1.2,
            flags=0,
        )
    else:
        # Made anew each time: the object holds buffers of its own and can be neither shared
        # between threads nor sent to another process.
        preset = (
            cv2.DISOPTICAL_FLOW_PRESET_FAST
            if method == "dis-fast"
            else cv2.DISOPTICAL_FLOW_PRESET_MEDIUM
        )
        flow = cv2.DISOpticalFlow.create(preset).calc(before, after, _NO_FLOW)
    if factor > 1:
        flow = np.asarray(cv2.resize(flow, (width, height), interpolation=cv2.INTER_AREA)) / factor
    return np.asarray(flow, np.float32)
