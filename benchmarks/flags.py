"""How often each flag of `prediction.checks` is raised, and what the flow is still worth there.

    python benchmarks/flags.py                    # 20 people a row: two minutes
    python benchmarks/flags.py --people 5 --json

A camera of 640 x 480 sees a drawn person with an expression of 1.5 pixels of the face cut to 224;
blur and movement of the head count in such pixels too. Noise has 3 gray values. "truth" is the
correlation of the flow (DIS, head motion removed) with the true movement of the face.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import platform
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.datasets.synthetic import plan_clips
from dfrnet_keras.datasets.synthetic.identity import Framing
from dfrnet_keras.datasets.synthetic.render import render_clip
from dfrnet_keras.features import crop_face, extract_clip, find_face, optical_flow
from dfrnet_keras.prediction.checks import check_maps

FRAMING = Framing.raw()
_CUT = 206 / (1.6 * FRAMING.scale)  # pixels of the cut face for one of the camera
CASES: dict[str, dict[str, Any]] = {
    "as it is": {},
    **{f"blurred by {blur}": {"blur": blur} for blur in (2, 3, 5, 8)},
    **{f"face of {width} pixels": {"width": width} for width in (120, 60, 45, 35)},
    **{f"light of {gain:g}": {"gain": gain} for gain in (0.5, 0.25, 0.2, 0.15, 0.1)},
    **{f"head moves by {head:g}": {"head": head} for head in (0.5, 1, 1.5, 2, 3)},
}


def main() -> None:
    parser = argparse.ArgumentParser(description="How often each flag is raised.")
    parser.add_argument("--people", type=int, default=20, help="drawn people a row (20)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    table = {}
    for name, case in CASES.items():
        seen = [one_clip(number, **case) for number in range(options.people)]
        flags = [flag for found, _ in seen for flag in found]
        table[name] = {
            "truth": float(np.mean([truth for _, truth in seen])),
            "flags": {flag: flags.count(flag) for flag in sorted(set(flags))},
        }
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    if options.json:
        print(json.dumps({"people": options.people, "table": table, "machine": machine}, indent=1))
        return
    print(f"Of {options.people} drawn people a row ({machine})")
    for name, row in table.items():
        flags = ", ".join(f"{flag} {count}" for flag, count in row["flags"].items())
        print(f"{name:20s} truth {row['truth']:.2f}   {flags or '-'}")


@functools.cache
def drawn(number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]:
    """Onset and apex frame of a person without noise, and the true movement between them."""
    pixels = 1.5 / _CUT
    (plan,) = plan_clips(subjects=1, clips_per_subject=1, seed=500 + number, framing=FRAMING,
                         frames=3, amplitude=(pixels, pixels), noise=0, drift=0, flicker=0,
                         distractors=0)  # fmt: skip
    clip = render_clip(plan.identity, plan.spec, FRAMING)
    return clip.frames[0], clip.frames[clip.apex], clip.expression


def one_clip(
    number: int, *, blur: float = 0, gain: float = 1, head: float = 0, width: int | None = None
) -> tuple[tuple[str, ...], float]:
    """Flags of a clip, and the correlation of its flow with the truth."""
    *pair, expression = drawn(number)
    random = np.random.default_rng(number)
    towards = random.uniform(0, 2 * np.pi)
    step = head / _CUT * np.array([np.cos(towards), np.sin(towards)])
    frames = [
        camera(frame, blur / _CUT, gain, step if index else None, width, random)
        for index, frame in enumerate(pair)
    ]
    made = extract_clip(frames, apex=1, crop="face", flow_method="dis")
    face = find_face(frames[0])
    flow = optical_flow(*made.faces, method="dis", remove_global_motion=True)
    scale = frames[0].shape[1] / FRAMING.width
    field = cv2.resize(expression, frames[0].shape[1::-1], interpolation=cv2.INTER_AREA)
    # The field is cut out as the faces were, in steps of 1/255 of its range.
    low, high = float(field.min()), float(field.max())
    steps = np.clip(np.rint((field - low) / max(high - low, 1e-9) * 255), 0, 255).astype(np.uint8)
    parts = [crop_face([steps[..., axis]], face=face)[0] for axis in range(2)]
    true = (np.stack(parts, axis=-1) / 255 * (high - low) + low) * scale
    inside = np.s_[20:-20, 20:-20]
    one, other = flow[inside].ravel(), true[inside].ravel()
    return check_maps(made), float(one @ other / np.sqrt((one @ one) * (other @ other) + 1e-12))


def camera(
    frame: NDArray[np.uint8],
    blur: float,
    gain: float,
    step: NDArray | None,
    width: int | None,
    random: np.random.Generator,
) -> NDArray[np.uint8]:
    picture = frame.astype(np.float32)
    if step is not None:
        moved = np.column_stack([np.eye(2), step])
        picture = cv2.warpAffine(picture, moved, picture.shape[1::-1], flags=cv2.INTER_CUBIC,
                                 borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    if blur:
        picture = cv2.GaussianBlur(picture, (0, 0), blur)
    if width is not None:
        scale = width / (1.6 * FRAMING.scale)
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    picture = picture * gain
    grain = random.standard_normal(picture.shape) * 3 * np.sqrt(0.4 + 0.6 * picture / 128)
    return np.clip(np.rint(picture + grain), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
