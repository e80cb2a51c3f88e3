"""The example that draws the README's picture."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2

EXAMPLE = Path(__file__).parents[2] / "examples" / "three_views.py"


def test_three_views_draws_six_pictures(tmp_path: Path) -> None:
    output = tmp_path / "views.png"
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), str(output)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    picture = cv2.imread(str(output))
    assert picture.shape[1] > 4 * picture.shape[0]
    # Six pictures of some content: no sixth of the width is blank.
    for part in range(6):
        width = picture.shape[1] // 6
        assert picture[:, part * width : (part + 1) * width].std() > 10
