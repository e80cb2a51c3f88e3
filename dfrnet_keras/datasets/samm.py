"""SAMM: micro-movements of people of many origins at 200 frames a second (Davison et al. 2018).

As it is distributed: `SAMM_Micro_FACS_Codes_v2.xlsx`, with its header below 13 rows of notes,
beside `006/006_1_2/006_05562.jpg`. https://doi.org/10.1109/TAFFC.2016.2573832
"""

from __future__ import annotations

from pathlib import Path

from dfrnet_keras.datasets.coded import Scheme, read_coded
from dfrnet_keras.datasets.listing import Listing

CLASSES = ("anger", "contempt", "disgust", "fear", "happiness", "other", "sadness", "surprise")

_SCHEME = Scheme(
    name="samm",
    title="SAMM",
    sheet="samm_micro_facs_codes",
    worksheet="MICRO_ONLY",
    latest=True,
    subject="{:03d}",
    subject_folder=r"[0-9]{3}",
    clip_folder=r"[0-9]+_[0-9]+_[0-9]+",
    emotions={**{name: name for name in CLASSES}, "others": "other"},
    three_classes={
        "happiness": "positive",
        "surprise": "surprise",
        **dict.fromkeys(("anger", "contempt", "disgust", "fear", "sadness"), "negative"),
    },
    # MEGC 2019 kept clips whose coded apex cannot be right; their apex is left open.
    needs_apex=False,
)


def read_samm(
    root: str | Path, *, classes: str = "megc2019", edition: str | None = None
) -> Listing:
    """Read the folder of SAMM as it is distributed.

    The three classes are those of MEGC 2019: happiness is positive, surprise is surprise, anger,
    contempt, disgust, fear and sadness are negative; other emotions are left aside. The complete
    dataset gives the 133 clips of 28 subjects that are on its list, see `composite.applies`.

    Args:
        root: The folder that holds the sheet and one folder for each subject, or the one above it.
        classes: `"megc2019"`, or `"original"` for the eight emotions of the sheet.
        edition: `"raw"` or `"cropped"` where somebody cropped the frames; `None` for whichever
            is there. The dataset itself has no cropped edition.

    Returns:
        The clips in the order of the sheet, subjects as in `006`, and the problems met.

    Raises:
        InputError: Frames or sheet are not there, or the sheet lacks a column.
    """
    return read_coded(_SCHEME, Path(root), classes=classes, edition=edition)
