"""From the tracks of the parts of a face to intervals: onset, apex, offset, what moved, how much.

A movement is a bump of a track: away from where the part was a half-length before and where it is
a half-length after. Everything is in seconds, on a grid of a hundred points a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dfrnet_keras.features.spotting.regions import EYE, LOWER, NAMES, SKIN, places, without_head
from dfrnet_keras.features.spotting.tracking import Sample
from dfrnet_keras.features.spotting.tracks import STEP, SYLLABLES, Tracks

_SPEECH = 1.0  # seconds before and after a movement of the mouth in which speech shows
_WORD = 0.006  # eye distances that the mouth moves in a word
_JAW = places("chin", "lip")
_NOT_OUTER_BROW = ~np.isin(SKIN, places("outer brow"))
_LIDS_IN_BROWS = 2.5  # times that outer brows may seem to move as far as the lids of a blink


@dataclass(frozen=True)
class Thresholds:
    """What a bump must have to be a find; chosen by `benchmarks/spotting.py` on drawn recordings.

    Attributes:
        strength: Least displacement of the two parts that move most, in eye distances.
        noise: The same, in multiples of what the tracks do at rest.
        micro: Half-length of a micro-expression in seconds: from the mean of 0.4 and less.
        longest_micro: Seconds from onset to offset.
        strongest_micro: Most displacement of a micro-expression, in eye distances.
        shortest: Seconds from onset to offset of any find.
        macro: Half-lengths of macro-expressions.
        macro_strength: As `strength`, for them.
        longest_macro: Seconds from onset to offset.
        blink: Times that the lids must outdo all else for a blink or a glance.
        mouth: Mean of the mouth's quick bumps in the second before or after a movement of it,
            as a share of its own, from which it is speech.
        jaw: The same where chin or lips move most.
        words: Quick bumps of the mouth around a slow movement from which it is speech.
        head: Share of the head's own bump that a micro-expression must exceed.
        macro_head: The same of a macro-expression: heads turn as slowly.
        back: Share of the movement by which the face may differ before and after it.
    """

    strength: float = 0.0045
    noise: float = 4.0
    micro: float = 0.2
    longest_micro: float = 0.55
    strongest_micro: float = 0.055
    shortest: float = 0.08
    macro: tuple[float, ...] = (0.5, 1.0, 2.0)
    macro_strength: float = 0.015
    longest_macro: float = 4.5
    blink: float = 1.5
    mouth: float = 0.35
    jaw: float = 0.25
    words: int = 5
    head: float = 0.3
    macro_head: float = 1.0
    back: float = 0.6


@dataclass(frozen=True, eq=False)
class Movement:
    """An interval in which a face moves and comes back.

    Attributes:
        kind: `"micro"` or `"macro"`.
        onset, apex, offset: Numbers of its first, strongest and last frame.
        seconds: Their times.
        strength: Displacement of the two parts that moved most, in eye distances.
        confidence: 0 to 1: 0.5 just above the threshold, by strength and by noise.
        parts: Names of the parts that moved, the strongest first.
        matrices: Of the onset and of the apex frame: pixels to parts of the aligned face's side.
        flags: Of the frames in it, see `Sample`.
    """

    kind: str
    onset: int
    apex: int
    offset: int
    seconds: tuple[float, float, float]
    strength: float
    confidence: float
    parts: tuple[str, ...]
    matrices: NDArray[np.float64] = field(repr=False)
    flags: tuple[str, ...] = ()


def find_movements(
    samples: Sequence[Sample], kind: str, thresholds: Thresholds | None = None
) -> list[Movement]:
    """The movements of one kind in a segment.

    Args:
        samples: Of one segment, in order of time.
        kind: `"micro"` or `"macro"`.
        thresholds: See `Thresholds`.

    Returns:
        The movements in order of time.
    """
    known = thresholds or Thresholds()
    if len(samples) < 4 or samples[-1].time - samples[0].time < 0.2:
        return []
    tracks = Tracks(samples)
    found: list[Movement] = []
    for half in (known.micro,) if kind == "micro" else known.macro:
        bumps = tracks.bumps(half)
        far = np.hypot(bumps[..., 0], bumps[..., 1])
        strength = _strength(far)
        least = known.strength if kind == "micro" else known.macro_strength
        rest = np.median(far[:, SKIN], axis=0)
        noise = float(np.sort(rest)[-2]) + 1e-4
        for peak in _peaks(strength, least, half):
            if strength[peak] < known.noise * noise and kind == "micro":
                continue
            movement = _movement(tracks, bumps, far, peak, half, kind, known, noise)
            if movement is not None:
                found.append(movement)
    found.sort(key=lambda movement: -movement.confidence)
    kept: list[Movement] = []
    for movement in found:
        if not any(overlap(movement, other) > 0 for other in kept):
            kept.append(movement)
    return sorted(kept, key=lambda movement: movement.onset)


def overlap(one: Movement, other: Movement) -> float:
    """Seconds that two movements share, over those of the shorter."""
    shared = min(one.seconds[2], other.seconds[2]) - max(one.seconds[0], other.seconds[0])
    shorter = min(one.seconds[2] - one.seconds[0], other.seconds[2] - other.seconds[0])
    return max(0.0, shared) / max(shorter, 1e-9)


def _strength(far: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of the two parts, lids aside, that are furthest."""
    return np.sort(far[:, SKIN], axis=1)[:, -2:].mean(1)


def _peaks(strength: NDArray[np.float64], least: float, half: float) -> list[int]:
    from scipy.signal import find_peaks

    # Not closer than a half-length; the flank of an edge is none.
    return [int(k) for k in find_peaks(strength, height=least, distance=round(half / STEP))[0]]


def _movement(
    tracks: Tracks,
    bumps: NDArray[np.float64],
    far: NDArray[np.float64],
    peak: int,
    half: float,
    kind: str,
    known: Thresholds,
    noise: float,
) -> Movement | None:
    """The movement around a peak, or `None` where it is none."""
    strength = float(_strength(far[peak : peak + 1])[0])
    # Where the face was found a little too low, lids reach into the outer brows.
    others = max(far[peak, SKIN].max(where=_NOT_OUTER_BROW, initial=0.0),
                 far[peak, SKIN].max() / _LIDS_IN_BROWS)  # fmt: skip
    if far[peak, EYE].max() > known.blink * others:
        return None  # a blink, or a glance
    share = known.head if kind == "micro" else known.macro_head
    if tracks.head_bumps(half)[peak] * share > strength:
        return None
    if kind == "micro" and strength > known.strongest_micro:
        return None
    edges = _edges(tracks, bumps[peak], peak, half, known)
    if edges is None:
        return None
    onset, apex, offset = edges
    longest = known.longest_micro if kind == "micro" else known.longest_macro
    shortest = known.shortest if kind == "micro" else known.longest_micro
    if not shortest <= (offset - onset) * STEP <= longest:
        return None
    ranked = SKIN[np.argsort(-far[peak, SKIN])]
    jaw = ranked[0] in _JAW
    if ranked[0] in LOWER and _speech(tracks, kind, edges, jaw, known):
        return None
    seconds = [float(tracks.grid[place]) for place in (onset, apex, offset)]
    frames = [int(np.argmin(np.abs(tracks.times - second))) for second in seconds]
    inside = tracks.samples[max(0, frames[0] - 1) : frames[2] + 2]
    flags = tuple(sorted({flag for sample in inside for flag in sample.flags}))
    if "light" in flags:
        return None
    least = known.strength if kind == "micro" else known.macro_strength
    margin = strength / max(least, known.noise * noise if kind == "micro" else 0.0)
    first, middle, last = (tracks.samples[frame] for frame in frames)
    assert first.matrix is not None
    assert middle.matrix is not None
    return Movement(
        kind,
        first.index,
        middle.index,
        last.index,
        (first.time, middle.time, last.time),
        strength,
        float(1 - 0.5 / max(margin, 1.0) ** 2),
        tuple(NAMES[k] for k in ranked[:6] if far[peak, k] > 0.5 * far[peak, ranked[0]]),
        np.stack([first.matrix, middle.matrix]),
        flags,
    )


def _edges(
    tracks: Tracks, bump: NDArray[np.float64], peak: int, half: float, known: Thresholds
) -> tuple[int, int, int] | None:
    """Onset, apex and offset on the grid, by the track along the direction of the bump."""
    reach = round(1.6 * half / STEP) + 10
    low, high = max(0, peak - reach), min(len(tracks.grid), peak + reach + 1)
    own = without_head(tracks.moved[low:high] - tracks.moved[peak])
    weights = bump.copy()
    weights[EYE] = 0
    weights[0] = 0
    track = np.einsum("nrc,rc->n", own, weights)
    k = round(half / STEP)
    centre = peak - low
    around = slice(max(0, centre - k // 2), centre + k // 2 + 1)
    apex = around.start + int(np.argmax(track[around]))
    top = track[apex]
    left, right = track[: apex + 1], track[apex:]
    start = apex - int(np.argmin(left[::-1][: k * 2 + 1]))
    end = apex + int(np.argmin(right[: k * 2 + 1]))
    rise, fall = top - track[start], top - track[end]
    height = min(rise, fall)
    if height <= 0 or abs(rise - fall) > known.back * max(rise, fall):
        return None
    onset = _rest(track[: apex + 1][::-1], top, rise)
    offset = _rest(track[apex:], top, fall)
    if onset is None or offset is None:
        return None
    # The middle of the upper third is steadier than the highest point of a flat top.
    start = max(0, apex - onset)
    upper = np.flatnonzero(track[start : apex + offset + 1] > top - height / 4)
    steady = start + round(float(upper.mean()))
    first, last = max(0, low + apex - onset), min(len(tracks.grid) - 1, low + apex + offset)
    return first, min(max(low + steady, first + 1), last - 1), last


def _rest(flank: NDArray[np.float64], top: float, height: float) -> int | None:
    """Steps from the apex to where a half wave through the flank's two thirds would be at rest."""
    upper = np.flatnonzero(flank <= top - height / 4)
    lower = np.flatnonzero(flank <= top - 3 * height / 4)
    if not len(upper) or not len(lower):
        return None
    # A half wave falls from three quarters to a quarter in a third of its length, and has another
    # third to go on either side.
    return int(lower[0] + (lower[0] - upper[0]) // 2)


def _mouth(bumps: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.hypot(bumps[:, LOWER, 0], bumps[:, LOWER, 1]).max(1))


def _speech(
    tracks: Tracks, kind: str, edges: tuple[int, int, int], jaw: bool, known: Thresholds
) -> bool:
    """Whether a movement of the mouth is one of many, as words are."""
    from scipy.signal import find_peaks

    onset, _, offset = edges
    around = round(_SPEECH / STEP)
    if kind == "macro":
        mouth = _mouth(tracks.quick[1])[max(0, onset - around) : offset + around]
        return len(find_peaks(mouth, height=_WORD, distance=8)[0]) >= known.words
    most = known.jaw if jaw else known.mouth
    # Words at one rhythm hide from a half-length of half their period, but not from another.
    for half, bumps in zip(SYLLABLES, tracks.quick, strict=True):
        mouth, lobe = _mouth(bumps), round(half / STEP)
        inside = mouth[onset : offset + 1].max()
        before = mouth[max(0, onset - lobe - around) : max(0, onset - lobe)]
        after = mouth[offset + lobe : offset + lobe + around]
        if any(len(side) > around // 3 and side.mean() > most * inside
               for side in (before, after)):  # fmt: skip
            return True
    return False
