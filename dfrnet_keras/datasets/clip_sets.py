"""Further sets of clips, each a row of one table: CASME, CAS(ME)^3, MMEW, 4DME.

Layouts and columns are those that programs of their users read, not taken from licensed copies.

| set | sheet | frames | reference |
|---|---|---|---|
| CASME | `casme.xlsx` | `CASME_raw_selected/sub01/EP01_5/`, `Cropped/sub01/EP01_5/` | 10.1109/FG.2013.6553799 |
| CAS(ME)^3, part A | `cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx` or `CAS(ME)3_part_A_v2` | `spNO.1/b/color/175.jpg` | 10.1109/TPAMI.2022.3174895 |
| CAS(ME)^3, part C | `CAS(ME)3_part_C_ME.xlsx` | `01/1/color/175.jpg` | the same |
| MMEW | `MMEW_Micro_Exp.xlsx` | `Micro_Expression/anger/S01-01-001/1.jpg` | 10.1109/TPAMI.2021.3067464 |
| 4DME | `4DME_Labelling_Micro_release v1.xlsx` | `gray_micro/sub01/01_001/1.jpg` | 10.1109/TAFFC.2022.3182342 |

In the three classes the rule of MEGC 2019 is kept: happiness is positive, surprise is surprise,
every other emotion that is one is negative, repression too; "others" and the "tense" of CASME are
left aside. Clips of two emotions at once, as 4DME has, are left out.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Sequence

from dfrnet_keras.datasets.scheme import Scheme


def _words(*names: str, **aliases: str) -> dict[str, str]:
    return {**{name: name for name in names}, **aliases}


def _three(*negative: str, positive: str = "happiness") -> dict[str, str]:
    return {positive: "positive", "surprise": "surprise", **dict.fromkeys(negative, "negative")}


def _columns(onset: str, apex: str, offset: str, emotion: str, units: str) -> dict[str, str]:
    names: Sequence[str] = ("Onset Frame", "Apex Frame", "Offset Frame", "Estimated Emotion",
                            "Action Units")  # fmt: skip
    return dict(zip(names, (onset, apex, offset, emotion, units), strict=True))


_BASIC = ("anger", "disgust", "fear", "sadness")
_MMEW = _words("happiness", "surprise", "others", *_BASIC, other="others")

SCHEMES = {
    scheme.name: scheme
    for scheme in (
        Scheme(
            name="casme",
            title="CASME",
            sheet="casme",
            not_sheet=r"casme[\^_ -]?(2|3|ii)",
            subject="sub{:02d}",
            subject_folder=r"sub[ _-]?[0-9]{1,9}",
            clip_folder=r"EP[0-9]+",
            emotions=_words("contempt", "disgust", "fear", "happiness", "repression", "sadness",
                            "surprise", "tense", amusement="happiness"),
            three_classes=_three("contempt", "disgust", "fear", "repression", "sadness"),
            columns=_columns("OnsetF", "ApexF1", "OffsetF", "Emotion", "AU"),
        ),
        Scheme(
            name="casme3",
            title="CAS(ME)^3, part A,",
            sheet="cas(me)3_part_a",
            subject="spNO.{}",
            subject_folder=r"spNO\.?[0-9]{1,9}",
            clip_folder=r"[a-z]\Z",
            emotions={**_words("happiness", "surprise", "others", *_BASIC, happy="happiness",
                               sad="sadness", other="others", angry="anger")},
            three_classes=_three(*_BASIC),
            columns=_columns("Onset", "Apex", "Offset", "emotion", "AU"),
            inner="color",
            recording=True,
        ),
        Scheme(
            name="casme3-c",
            title="CAS(ME)^3, part C,",
            sheet="cas(me)3_part_c",
            subject="{:02d}",
            subject_folder=r"[0-9]{1,3}",
            clip_folder=r"[0-9]+\Z",
            emotions={"": "no emotion"},
            three_classes={},
            columns={"Subject": "sub", "Filename": "count",
                     **_columns("onset", "", "offset", "", "au")},
            inner="color",
            recording=True,
        ),
        Scheme(
            name="mmew",
            title="MMEW",
            sheet="mmew_micro_exp",
            subject="S{:02d}",
            subject_folder="|".join((*_MMEW, "repression")),
            clip_folder=r"S[0-9]+",
            emotions=_MMEW,
            three_classes=_three(*_BASIC),
            by_emotion=True,
        ),
        Scheme(
            name="4dme",
            title="4DME",
            sheet="4dme_labelling_micro",
            subject="sub{:02d}",
            subject_folder=r"(sub)?[0-9]{1,3}",
            clip_folder=r"[0-9]+_[0-9]+",
            emotions=_words("negative", "others", "positive", "repression", "surprise",
                            other="others"),
            three_classes=_three("negative", "repression", positive="positive"),
            columns={"Subject": "sub_ID", "Filename": "fold_name",
                     **_columns("Onset", "Apex", "Offset", "Emotion", "AUs")},
        ),
    )
}  # fmt: skip
