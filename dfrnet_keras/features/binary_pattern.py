"""Local binary patterns of a gray picture, for apex spotting."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

UNIFORM_BINS = 59
# Neighbours of a pixel in one turn around it: (row, column) in the 3 x 3 window.
_RING = ((0, 2), (0, 1), (0, 0), (1, 0), (2, 0), (2, 1), (2, 2), (1, 2))


def local_binary_pattern(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Uniform pattern of each pixel that has eight neighbours (Ojala et al. 2002).

    Each of the eight pixels around gives one bit: whether it is at least as bright. The 58
    patterns with at most two changes on the way round have a number each; all others share 58.
    The neighbours are pixels themselves, not points of a circle, which is ten times as fast.

    Args:
        gray: uint8 `(H, W)`, at least 3 x 3.

    Returns:
        uint8 `(H - 2, W - 2)`, values 0 to 58.
    """
    centre = np.ascontiguousarray(gray[1:-1, 1:-1])
    height, width = gray.shape
    codes = np.zeros(centre.shape, np.uint8)
    for bit, (row, column) in enumerate(_RING):
        around = gray[row : height - 2 + row, column : width - 2 + column]
        brighter = cv2.compare(around, centre, cv2.CMP_GE)
        codes |= np.asarray(brighter, np.uint8) & np.uint8(1 << bit)
    return np.asarray(cv2.LUT(codes, _UNIFORM), np.uint8)


def pattern_histogram(gray: NDArray[np.uint8], *, grid: int = 1) -> NDArray[np.float64]:
    """How often each uniform pattern occurs in a picture, or in each cell of it.

    Args:
        gray: uint8 `(H, W)`, at least 3 x 3.
        grid: Cut the patterns into so many rows and columns of cells, and count in each.

    Returns:
        float64 `(59 * grid ** 2,)`: the histograms of the cells one after the other.
    """
    codes = local_binary_pattern(gray)
    cells = [cell for row in np.array_split(codes, grid) for cell in np.array_split(row, grid, 1)]
    counts = [np.bincount(cell.ravel(), minlength=UNIFORM_BINS) for cell in cells]
    return np.concatenate(counts).astype(np.float64)


def _uniform_table() -> NDArray[np.uint8]:
    table = np.full(256, UNIFORM_BINS - 1, np.uint8)
    number = 0
    for code in range(256):
        bits = [code >> bit & 1 for bit in range(8)]
        if sum(bits[bit] != bits[bit - 1] for bit in range(8)) <= 2:
            table[code] = number
            number += 1
    return table


_UNIFORM = _uniform_table()
