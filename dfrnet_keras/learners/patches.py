"""Motion maps cut into what each place of STSTNet's convolution looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

POOL = 3


@dataclass(frozen=True)
class Patches:
    """What each place of a convolution's result looks at, ordered by the windows of the pooling.

    Attributes:
        values: float32 `(clips, 9 * windows + rest, 28)`: the 27 values under the 3x3 kernel and a
            1 for the bias. First the upper left place of each window, then the next of each, and
            at last the places that no window holds. A place beyond the border is all zero. Of the
            windows those come first that are the upper left ones of the four that are averaged
            later, then the upper right ones and so on.
        side: Windows in a row.
        places: Places of the convolution's result, without those beyond its border.
    """

    values: NDArray[np.float32]
    side: int
    places: int

    @classmethod
    def of(cls, flow: NDArray) -> Patches:
        """Cut maps `(clips, size, size, 3)` into patches."""
        padded = np.pad(np.asarray(flow, np.float32), [(0, 0), (2, 2), (2, 2), (0, 0)])
        seen = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
        clips, height = seen.shape[:2]
        # (clips, places, kernel row, kernel column, channel), and one more place of zeros.
        flat = seen.transpose(0, 1, 2, 4, 5, 3).reshape(clips, height**2, 27)
        cut = np.zeros((clips, height**2 + 1, 28), np.float32)
        cut[:, :-1, :27], cut[:, :-1, 27] = flat, 1
        side = (height + 2) // POOL
        grid = np.arange(side**2).reshape(side, side)
        whole = grid[: side // 2 * 2, : side // 2 * 2]
        quarters = [whole[row::2, column::2] for row in (0, 1) for column in (0, 1)]
        averaged = np.concatenate([quarter.ravel() for quarter in quarters])
        starts = np.concatenate([averaged, np.setdiff1d(grid, averaged)])
        order = []
        for row in range(POOL):
            for column in range(POOL):
                rows, columns = (POOL * n - 1 for n in np.divmod(starts, side))
                rows, columns = rows + row, columns + column
                inside = (np.minimum(rows, columns) >= 0) & (np.maximum(rows, columns) < height)
                order.append(np.where(inside, rows * height + columns, height**2))
        windows = np.concatenate(order)
        rest = np.setdiff1d(np.arange(height**2), windows)
        return cls(cut[:, np.concatenate([windows, rest])], side, height**2)
