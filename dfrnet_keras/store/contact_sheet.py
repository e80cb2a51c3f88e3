"""Contact sheets: what the network sees of each clip, with a colour key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.atomic import whole_file
from dfrnet_keras.datasets.clip import Clip
from dfrnet_keras.errors import InputError
from dfrnet_keras.features.preparation import Preparation

if TYPE_CHECKING:
    from dfrnet_keras.store.feature_store import FeatureStore

SUFFIXES = (".png", ".jpg", ".pdf", ".svg")
ROWS_A_PAGE = 12
_GAP = 0.03  # of the side of a map, between one clip and the next


class SheetRow(NamedTuple):
    """One clip of a contact sheet.

    Attributes:
        title: What stands beside it, one or more lines.
        flow: `(S, S, 3)`: u, v, strain.
        onset: `(S, S, 3)` uint8 RGB, or `None` where there are no frames.
        apex: The same.
        difference: `(S, S, 1)` uint8, or `None`.
    """

    title: str
    flow: NDArray
    onset: NDArray | None = None
    apex: NDArray | None = None
    difference: NDArray | None = None


def write_gallery(store: FeatureStore, clips: Sequence[Clip], path: str | Path) -> list[Path]:
    """Draw contact sheets of a store.

    Args:
        store: The store.
        clips: The clips it was built from: onset frames are read again, a store has none.
        path: A `.png`, `.jpg`, `.pdf` or `.svg` file for one sheet of 12 clips spread over the
            store, or a folder for sheets of all clips.

    Returns:
        The files, which replace any of their names.

    Raises:
        InputError: The path has another ending, or cannot be written.
    """
    path = Path(path)
    by_key = {clip.key: clip for clip in clips}
    check_target(path)
    if path.suffix:
        spread = np.linspace(0, len(store) - 1, min(ROWS_A_PAGE, len(store))).round().astype(int)
        draw_sheet(list(_rows(store, by_key, spread.tolist())), path, store.flow_range)
        return [path]
    pages = []
    for start in range(0, len(store), ROWS_A_PAGE):
        stop = min(start + ROWS_A_PAGE, len(store))
        pages.append(path / f"clips-{start + 1:04d}-{stop:04d}.png")
        rows = list(_rows(store, by_key, range(start, stop)))
        draw_sheet(rows, pages[-1], store.flow_range)
    return pages


def check_target(path: Path) -> None:
    """Refuse a name that is neither that of a picture nor that of a folder."""
    if path.suffix and path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{path} is neither a picture nor a folder: end it in {', '.join(SUFFIXES)}, or in "
            "nothing for a folder"
        )


def check_picture(path: Path) -> None:
    """Refuse a name that is not that of a picture."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path} is no name for a picture: end it in {', '.join(SUFFIXES)}")


def draw_sheet(rows: Sequence[SheetRow], path: str | Path, flow_range: str = "pixels") -> None:
    """Draw one contact sheet: a row a clip, a column a map, the colour key under each column.

    All clips share the scale of a column, so that strong and weak movements can be told apart.

    Args:
        rows: The clips, at least one.
        path: Picture to write; a file of that name is replaced.
        flow_range: `"pixels"`, or `"bytes"` for maps scaled one by one to 0..255.

    Raises:
        InputError: The path has an ending of no picture, or cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    path = Path(path)
    check_picture(path)
    columns = [column for column in _columns(rows, flow_range) if column.tiles[0] is not None]
    figure = Figure(figsize=(1.9 + 1.6 * len(columns), 1.1 + 1.6 * len(rows)), dpi=110)
    FigureCanvasAgg(figure)
    left, bottom = 1.8 / figure.get_figwidth(), 0.75 / figure.get_figheight()
    width, height = 1.6 / figure.get_figwidth(), 1.6 * len(rows) / figure.get_figheight()
    for number, column in enumerate(columns):
        place = left + number * width
        axes = figure.add_axes((place, bottom, 0.96 * width, height))
        stack, centres = _stack(column.tiles)
        drawn = axes.imshow(
            stack,
            cmap=column.colours,
            vmin=column.low,
            vmax=column.high,
            aspect="auto",
            interpolation="nearest",
        )
        axes.set_title(column.name, fontsize=9)
        axes.set_xticks([])
        axes.set_yticks(centres if number == 0 else [], [row.title for row in rows][: len(centres)]
                        if number == 0 else [], fontsize=7)  # fmt: skip
        axes.tick_params(length=0)
        axes.set_frame_on(False)
        if column.colours:
            key = figure.add_axes((place + 0.06 * width, bottom * 0.72, 0.84 * width, bottom * 0.1))
            bar = figure.colorbar(drawn, cax=key, orientation="horizontal")
            bar.ax.tick_params(labelsize=6)
            bar.ax.locator_params(nbins=3)
            bar.set_label(column.key, fontsize=6)
    with whole_file(path) as partial:
        figure.savefig(partial)


class _Column(NamedTuple):
    name: str
    tiles: list[NDArray | None]
    colours: str | None = None
    low: float | None = None
    high: float | None = None
    key: str = ""


def _columns(rows: Sequence[SheetRow], flow_range: str) -> Iterator[_Column]:
    yield _Column("onset", [row.onset for row in rows])
    yield _Column("apex", [row.apex for row in rows])
    differences = [None if row.difference is None else row.difference[..., 0] for row in rows]
    yield _Column("difference", differences, "gray", 0.0, _largest(differences, 1.0), "gray values")
    u, v, strain = ([row.flow[..., part].astype(np.float32) for row in rows] for part in range(3))
    if flow_range == "bytes":
        for name, tiles in (("u", u), ("v", v), ("strain", strain)):
            yield _Column(name, [*tiles], "gray", 0.0, 255.0, "of each map's own range")
        return
    far = _largest([*u, *v], 0.1)
    yield _Column("u", [*u], "RdBu_r", -far, far, "pixels: red to the right")
    yield _Column("v", [*v], "RdBu_r", -far, far, "pixels: red downwards")
    yield _Column("strain", [*strain], "inferno", 0.0, _largest(strain, 0.01), "without unit")


def _largest(tiles: Sequence[NDArray | None], at_least: float) -> float:
    """Upper end of a colour scale: few points are beyond it, and it is not zero."""
    there = [np.percentile(np.abs(tile.astype(np.float32)), 99.5) for tile in tiles
             if tile is not None]  # fmt: skip
    return max([at_least, *map(float, there)])


def _stack(tiles: Sequence[NDArray | None]) -> tuple[NDArray, list[float]]:
    """The tiles one below the other with white between them, and the middle of each."""
    shown = [tile for tile in tiles if tile is not None]
    side = shown[0].shape[0]
    gap = max(1, round(_GAP * side))
    pieces: list[NDArray] = []
    for tile in shown:
        pixels: NDArray = tile.astype(np.float32)
        blank = np.full((gap, *pixels.shape[1:]), np.nan, np.float32)
        if pixels.ndim == 3:  # a colour picture has no place for "nothing"
            pixels, blank = pixels / 255, np.ones_like(blank)
        pieces += [pixels, blank]
    centres = [number * (side + gap) + (side - 1) / 2 for number in range(len(shown))]
    return np.concatenate(pieces[:-1]), centres


def _rows(
    store: FeatureStore, clips: dict[str, Clip], indexes: Sequence[int]
) -> Iterator[SheetRow]:
    for index in indexes:
        row = store.rows[index]
        clip = clips.get(row.key)
        maps = {name: values[0] for name, values in store.take([index]).items()}
        title = [row.dataset, f"{row.subject}/{row.name}", store.classes[row.label]]
        if row.apex is not None:
            title.append(f"apex {row.apex}{', spotted' * ('apex_spotted' in row.flags)}")
        told = ("apex_not_annotated", "apex_spotted")
        title += [flag.replace("_", " ") for flag in row.flags if flag not in told]
        onset = None
        if clip is not None and "apex" in maps:
            how = Preparation.from_settings(store.settings)
            onset = _onset_frame(clip, replace(how, crop=store.crop_of(row)), row.apex)
        yield SheetRow(
            "\n".join(title), maps["flow"], onset, maps.get("apex"), maps.get("difference")
        )


def _onset_frame(clip: Clip, how: Preparation, apex: int | None) -> NDArray[np.uint8]:
    from dfrnet_keras.features.extract import extract_clip
    from dfrnet_keras.features.face import frames_needed
    from dfrnet_keras.frames import read_frames

    indexes = frames_needed(clip.onset, apex or clip.onset + 1, how.face_finder)
    frames = read_frames(clip.frames, indexes[:-1])
    # The flow of a frame with itself costs nothing worth mentioning.
    options = {**how.options, "flow_method": "dis-fast"}
    return extract_clip([*frames, frames[0]], apex=len(frames), **options).onset_frame
