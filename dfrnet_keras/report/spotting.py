"""One page about the finds in recordings: timeline, movement curve, faces, maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from dfrnet_keras.report.map_pictures import MapColors
from dfrnet_keras.report.page import check_page, write_page
from dfrnet_keras.report.pictures import Picture, image

_WIDE, _FACE = 360, 168  # pixels of a frame and of a face on the page
_POINTS = 1500  # of a curve: more are closer than a pixel
_COLORS = ("#2f6299", "#b3541e")  # of micro- and macro-expressions, as on the other pages


@dataclass(frozen=True, eq=False)
class FindCard:
    """What the page shows of a find.

    Attributes:
        row: See `prediction.finds.find_row`.
        frame: The frame of the apex, with the face marked.
        faces: The face at the onset and at the apex.
        flow, difference: Maps, `(size, size, 3)` and `(size, size, 1)`.
    """

    row: dict[str, Any]
    frame: Picture
    faces: tuple[Picture, Picture]
    flow: NDArray[np.float32]
    difference: NDArray[np.uint8]

    @classmethod
    def of(
        cls, row: dict[str, Any], name: Any, picture: NDArray[np.uint8], matrix: NDArray[np.float64]
    ) -> FindCard:
        """Make pictures of a find, small enough to keep many.

        Args:
            row: See `prediction.finds.find_row`.
            name: `prediction.naming.Name`.
            picture: The frame of the apex, uint8 RGB.
            matrix: Its pixels to parts of the side of the aligned face.
        """
        corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)
        back = cv2.invertAffineTransform(matrix)
        outline = np.rint(corners @ back[:, :2].T + back[:, 2]).astype(np.int32)
        marked = cv2.polylines(picture.copy(), [outline], True, (255, 200, 60),
                               max(1, picture.shape[1] // 320))  # fmt: skip
        when = f"second {row['second']:.2f}"
        return cls(
            row,
            _jpeg(np.asarray(marked, np.uint8), _WIDE, f"the frame at {when}"),
            (
                _jpeg(name.onset_face, _FACE, "the face at the onset"),
                _jpeg(name.apex_face, _FACE, "the face at the apex"),
            ),
            name.maps.flow,
            name.maps.difference,
        )


@dataclass(frozen=True, eq=False)
class PageRecording:
    """What the page shows of a recording.

    Attributes:
        about: See `prediction.finds.about`.
        curve: Movement every tenth of a second, in eye distances.
        cards: The finds.
        remarks: What a reader should know, a line each.
    """

    about: dict[str, Any]
    curve: Sequence[float]
    cards: Sequence[FindCard]
    remarks: Sequence[str]


def write_spotting_page(path: str | Path, recordings: Sequence[PageRecording], model: str) -> Path:
    """Write one HTML page about recordings; it needs no other file and no network.

    Args:
        path: The page, ending in .html; one that is there is replaced.
        recordings: What it shows.
        model: What named the finds.

    Raises:
        InputError: The page cannot be written.
    """
    cards = [card for recording in recordings for card in recording.cards]
    maps: dict[str, NDArray] = {}
    if cards:
        maps = {"flow": np.stack([card.flow for card in cards]),
                "difference": np.stack([card.difference for card in cards])}  # fmt: skip
    colors = MapColors(maps, "pixels")
    shown = []
    place = 0
    for number, recording in enumerate(recordings, 1):
        entries = []
        for card in recording.cards:
            entries.append({"number": place + 1, "card": card,
                            "maps": colors.pictures(maps, place)})  # fmt: skip
            place += 1
        shown.append({"number": number, "recording": recording, "finds": entries,
                      "timeline": _timeline(recording, entries)})  # fmt: skip
    micro = sum(card.row["kind"] == "micro" for card in cards)
    return write_page(
        check_page(path),
        "dfrnet_keras.report",
        "spotting.html.j2",
        title="Movements found",
        optimistic=False,
        command="",
        shown=shown,
        micro=micro,
        macro=len(cards) - micro,
        minutes=sum(one.about["seconds"] for one in recordings) / 60,
        model=model,
        key=colors.key(),
    )


def _jpeg(picture: NDArray[np.uint8], width: int, words: str) -> Picture:
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    return image(data.tobytes(), "jpeg", words)


def _timeline(recording: PageRecording, entries: Sequence[dict[str, Any]]) -> Markup:
    """The curve with the finds on it, each a link to its card; drawn in hundredths of a line."""
    seconds = max(recording.about["seconds"], 1e-6)
    curve = np.asarray(recording.curve, np.float64)
    if len(curve) > _POINTS:  # the highest of each stretch: a find is a peak
        edges = np.linspace(0, len(curve), _POINTS + 1).astype(int)[:-1]
        curve = np.maximum.reduceat(curve, edges)
    # A yawn must not flatten the rest.
    top = max(float(np.percentile(curve, 99)) * 1.3, 0.02) if len(curve) else 1.0
    points = " ".join(
        f"{1000 * (k + 0.5) / len(curve):.1f},{100 - 92 * min(value / top, 1):.1f}"
        for k, value in enumerate(curve)
    )
    parts = [
        Markup('<svg class="timeline" viewBox="0 0 1000 124" preserveAspectRatio="none" role="img" '
               'aria-label="movement over time">'),
    ]  # fmt: skip
    for remark in recording.about["remarks"]:
        if remark["flag"] in ("no_face", "cut", "light"):
            parts.append(_bar(remark["from"], remark["to"], seconds, "#eceef2", remark["says"]))
    for entry in entries:
        row = entry["card"].row
        words = f"{row['second']:.2f} s, {row['kind']}, {row['class'] or 'not sure'}"
        color = _COLORS[row["kind"] == "macro"]
        bar = _bar(row["onset_second"], row["offset_second"], seconds, color, words)
        parts.append(Markup('<a href="#find-{}">{}</a>').format(entry["number"], bar))
    parts.append(Markup('<polyline points="{}"/></svg>').format(points))
    return Markup("").join(parts)


def _bar(first: float, last: float, seconds: float, color: str, words: str) -> Markup:
    left = 1000 * first / seconds
    width = max(1000 * (last - first) / seconds, 2.5)
    return Markup('<rect x="{:.1f}" y="0" width="{:.1f}" height="124" fill="{}"><title>{}</title>'
                  "</rect>").format(left, width, color, words)  # fmt: skip
