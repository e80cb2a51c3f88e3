"""A contact sheet of the faces that were found: what `crop` would cut out of each clip."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.atomic import whole_file
from dfrnet_keras.datasets.clip import Clip
from dfrnet_keras.errors import InputError
from dfrnet_keras.features.face import Face, cut_face, find_face
from dfrnet_keras.frames import read_frames
from dfrnet_keras.store.contact_sheet import check_picture

_MOST = 24  # clips on a sheet
_PAIRS = 4  # side by side
_TILE = 224  # pixels
_FACE, _EYES = (0, 200, 0), (255, 40, 40)  # colours of the box or the mesh, and of the eyes


def draw_faces(clips: Sequence[Clip], path: str | Path, finder: str = "cascades") -> dict[str, int]:
    """Draw the onset frame of some clips with the face that was found, and what is cut out of it.

    Args:
        clips: The clips; of more than 24, such as are spread over them.
        path: Picture to write; a file of that name is replaced.
        finder: How faces are found, see `features.find_face`.

    Returns:
        `"looked_at"`, and how many of these clips have each flag of `find_face`, fill their frame
        (`"fills_the_frame"`) or cannot be read (`"unreadable"`).

    Raises:
        InputError: The path has an ending of no picture, it cannot be written, there are no clips,
            or the finder is not there.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    path = Path(path)
    check_picture(path)
    if not clips:
        raise InputError(f"{path} would show no face: no clip was found")
    find_face(np.zeros((32, 32, 3), np.uint8), finder)  # is it there?
    spread = np.linspace(0, len(clips) - 1, min(_MOST, len(clips))).round().astype(int)
    counts = {"looked_at": len(spread)}
    rows = -(-len(spread) // _PAIRS)
    figure = Figure(figsize=(3.4 * _PAIRS, 2.1 * rows), dpi=110)
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, 2 * _PAIRS, squeeze=False).reshape(-1, 2)
    for place in axes.ravel():
        place.set_axis_off()
    for place, index in zip(axes, spread, strict=False):
        clip = clips[index]
        try:
            frame = read_frames(clip.frames, [clip.onset])[0]
        except (InputError, OSError, cv2.error):
            notes = ["unreadable"]
        else:
            face = find_face(frame, finder)
            notes = list(face.flags)
            if face.fills(frame.shape):
                notes.append("fills_the_frame")
            place[0].imshow(_marked(frame, face))
            place[1].imshow(cut_face(frame, face, _TILE), cmap="gray")
        title = "\n".join([clip.key, ", ".join(notes).replace("_", " ")])
        place[0].set_title(title, fontsize=6, loc="left")
        for note in notes:
            counts[note] = counts.get(note, 0) + 1
    figure.tight_layout(pad=0.4)
    with whole_file(path) as partial:
        figure.savefig(partial)
    return counts


def _marked(frame: NDArray[np.uint8], face: Face) -> NDArray[np.uint8]:
    """The frame with the eyes that were found, and the box of the face or the mesh."""
    picture = frame.copy()
    thick = max(1, round(max(frame.shape[:2]) / 300))
    if "face_not_found" in face.flags:
        return picture
    if face.points is not None:
        for x, y in face.points.round().astype(int).tolist():
            cv2.circle(picture, (x, y), thick, _FACE, -1)
    else:
        # The eyes lie two fifths below the upper edge of the detector's box.
        left, top = face.middle - (0.5 * face.box_side, 0.4 * face.box_side)
        corners = np.array([(left, top), (left + face.box_side, top + face.box_side)])
        (x, y), (right, bottom) = corners.round().astype(int).tolist()
        cv2.rectangle(picture, (x, y), (right, bottom), _FACE, thick)
    for x, y in (face.left_eye, face.right_eye):
        cv2.circle(picture, (round(x), round(y)), 3 * thick, _EYES, thick)
    return picture
