"""SAMM: micro-movements of people of many origins at 200 frames a second (Davison et al. 2018).

As it is distributed: `SAMM_Micro_FACS_Codes_v2.xlsx`, with its header below 13 rows of notes,
beside `006/006_1_2/006_05562.jpg`. https://doi.org/10.1109/TAFFC.2016.2573832

Subjects are written as in `006`. In the three classes of MEGC 2019 happiness is positive, surprise
is surprise, anger, contempt, disgust, fear and sadness are negative, and other emotions are left
aside. The complete dataset gives the 133 clips of 28 subjects that are on its list, see
`composite.applies`. It has no cropped edition; that of somebody who cropped its frames is read.
"""

from __future__ import annotations

from functools import partial

from dfrnet_keras.datasets.coded import read_coded
from dfrnet_keras.datasets.scheme import Scheme

CLASSES = ("anger", "contempt", "disgust", "fear", "happiness", "other", "sadness", "surprise")
THREE_CLASSES = {
    "happiness": "positive",
    "surprise": "surprise",
    **dict.fromkeys(("anger", "contempt", "disgust", "fear", "sadness"), "negative"),
}

read_samm = partial(
    read_coded,
    Scheme(
        name="samm",
        title="SAMM",
        sheet="samm_micro_facs_codes",
        worksheet="MICRO_ONLY",
        subject="{:03d}",
        subject_folder=r"[0-9]{3}",
        clip_folder=r"[0-9]+_[0-9]+_[0-9]+",
        emotions={**{name: name for name in CLASSES}, "others": "other"},
        # MEGC 2019 kept clips whose coded apex cannot be right: `needs_apex` stays off.
        three_classes=THREE_CLASSES,
    ),
)
