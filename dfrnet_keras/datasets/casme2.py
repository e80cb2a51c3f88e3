"""CASME II: spontaneous micro-expressions at 200 frames a second (Yan et al. 2014).

As it is distributed: `CASME2-coding-20140508.xlsx` (255 rows) or `CASME2-coding-20190701.xlsx`
(256 rows) beside `CASME2_RAW_selected/sub01/EP02_01f/img46.jpg` and
`Cropped/sub01/EP02_01f/reg_img46.jpg`. https://doi.org/10.1371/journal.pone.0086041

Subjects are written as in `sub01`. In the three classes of MEGC 2019 happiness is positive,
surprise is surprise, disgust and repression are negative, and other emotions are left aside. The
complete dataset gives the 145 clips of 24 subjects that are on its list, whatever the edition of
the sheet. In a folder of other clips, drawn ones for example (see `composite.applies`), those are
left out whose apex is missing or not after the onset.
"""

from __future__ import annotations

from functools import partial

from dfrnet_keras.datasets.coded import read_coded
from dfrnet_keras.datasets.scheme import Scheme

CLASSES = ("disgust", "fear", "happiness", "others", "repression", "sadness", "surprise")

read_casme2 = partial(
    read_coded,
    Scheme(
        name="casme2",
        title="CASME II",
        sheet="casme2-coding",
        # The official list of MEGC 2019 was drawn from the edition of 2014.
        latest=False,
        subject="sub{:02d}",
        subject_folder=r"sub[ _-]?[0-9]{1,9}",
        clip_folder=r"EP[0-9]+",
        emotions={**{name: name for name in CLASSES}, "other": "others"},
        three_classes={
            "happiness": "positive",
            "surprise": "surprise",
            **dict.fromkeys(("disgust", "repression"), "negative"),
        },
        needs_apex=True,
    ),
)
