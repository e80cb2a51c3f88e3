"""CASME II: spontaneous micro-expressions at 200 frames a second (Yan et al. 2014).

As it is distributed: `CASME2-coding-20140508.xlsx` (255 rows) or `CASME2-coding-20190701.xlsx`
(256 rows) beside `CASME2_RAW_selected/sub01/EP02_01f/img46.jpg` and
`Cropped/sub01/EP02_01f/reg_img46.jpg`. https://doi.org/10.1371/journal.pone.0086041
"""

from __future__ import annotations

from pathlib import Path

from dfrnet_keras.datasets.coded import Scheme, read_coded
from dfrnet_keras.datasets.listing import Listing

CLASSES = ("disgust", "fear", "happiness", "others", "repression", "sadness", "surprise")

_SCHEME = Scheme(
    name="casme2",
    title="CASME II",
    sheet="casme2-coding",
    worksheet=None,
    # The official list of MEGC 2019 was drawn from the edition of 2014.
    latest=False,
    subject="sub{:02d}",
    subject_folder=r"sub[ _-]?[0-9]{1,9}",
    clip_folder=r"EP[0-9]+",
    emotions={**{name: name for name in CLASSES}, "other": "others"},
    three_classes={
        "happiness": "positive",
        "surprise": "surprise",
        "disgust": "negative",
        "repression": "negative",
    },
    needs_apex=True,
)


def read_casme2(
    root: str | Path, *, classes: str = "megc2019", edition: str | None = None
) -> Listing:
    """Read the folder of CASME II as it is distributed.

    The three classes are those of MEGC 2019: happiness is positive, surprise is surprise, disgust
    and repression are negative; other emotions are left aside. The complete dataset gives the 145
    clips of 24 subjects that are on its list, whatever the edition of the sheet. In a folder of
    other clips, drawn ones for example (see `composite.applies`), those are left out whose apex is
    missing or not after the onset.

    Args:
        root: The folder that holds the sheet and the frames, the folder above it, or the folder
            `CASME2_RAW_selected` or `Cropped` beside the sheet.
        classes: `"megc2019"`, or `"original"` for the seven emotions of the sheet.
        edition: `"raw"`, `"cropped"`, or `None` for whichever is there, raw before cropped.

    Returns:
        The clips in the order of the sheet, subjects as in `sub01`, and the problems met.

    Raises:
        InputError: Frames or sheet are not there, or the sheet lacks a column.
    """
    return read_coded(_SCHEME, Path(root), classes=classes, edition=edition)
