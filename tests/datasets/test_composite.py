"""CASME II, SAMM and SMIC are held against the fixed list of MEGC 2019."""

from collections import Counter

import pytest
from click.testing import CliRunner

from dfrnet_keras.cli.main import dfr_keras
from dfrnet_keras.datasets import load_dataset
from dfrnet_keras.datasets.casme2 import read_casme2
from dfrnet_keras.datasets.check import check_dataset
from dfrnet_keras.datasets.composite import applies, listed_clips
from dfrnet_keras.datasets.samm import read_samm
from dfrnet_keras.datasets.smic import read_smic

EMOTION = {"negative": "disgust", "positive": "happiness", "surprise": "surprise"}
FRAMES = (1, 2, 3)


@pytest.fixture
def casme2_rows():
    """The rows of the 145 clips on the list, and some of another emotion."""
    rows = [
        (subject, clip.name, 1, 2, 3, EMOTION[clip.label], FRAMES)
        for (subject, _), clip in listed_clips("casme2").items()
    ]
    rows = [(subject.removeprefix("sub"), *others) for subject, *others in rows]
    return [*rows, *[("10", f"EP{n:02d}_01", 1, 2, 3, "others", FRAMES) for n in range(5)]]


def test_the_list_has_442_clips():
    counts = {name: Counter(clip.label for clip in listed_clips(name).values())
              for name in ("smic", "casme2", "samm")}  # fmt: skip
    assert counts == {
        "smic": {"negative": 70, "positive": 51, "surprise": 43},
        "casme2": {"negative": 88, "positive": 32, "surprise": 25},
        "samm": {"negative": 92, "positive": 26, "surprise": 15},
    }
    assert listed_clips("synthetic") == {}


def test_later_editions_of_the_sheet_give_the_same_145_clips(build_casme2, casme2_rows):
    later = [("24", name, 1, 2, 3, "surprise", FRAMES) for name in ("EP07_01", "EP07_04f")]
    corrected = ("04", "EP12_01f", 1, 2, 3, "disgust", FRAMES)
    root = build_casme2(*casme2_rows, *later, corrected)
    listing = read_casme2(root)
    report = check_dataset("casme2", root)
    assert report.found.classes == {"negative": 88, "positive": 32, "surprise": 25}
    assert report.complete
    (problem,) = listing.problems
    assert problem.what == (
        "3 clip(s) are not on the list of MEGC 2019: sub24/EP07_01, sub24/EP07_04f, sub04/EP12_01f"
    )
    assert listing.left_out == 0
    assert report.notes == (
        "145 of 148 clips of casme2 are among the 145 of MEGC 2019: that list is followed",
    )
    with pytest.warns(UserWarning, match="3 clip.s. are not on the list of MEGC 2019"):
        assert len(load_dataset("casme2", root)) == 145
    # The dataset's own classes are those of the sheet.
    assert len(read_casme2(root, classes="original").clips) == 153


def test_the_label_and_the_clips_are_those_of_the_list(build_casme2, casme2_rows):
    emotions = {"EP02_01f": "others", "EP19_05f": "hapiness", "EP19_06f": "surprise"}
    changed = [
        (*row[:4], row[4], emotions.get(row[1], row[5]), row[6]) if row[0] == "01" else row
        for row in casme2_rows
    ]
    changed[3] = (*changed[3][:3], "/", *changed[3][4:])
    root = build_casme2(*changed[:80], *changed[90:])
    listing = read_casme2(root)
    first = {clip.name: clip for clip in listing.clips if clip.subject == "sub01"}
    assert {name: clip.label for name, clip in first.items()} == {
        "EP02_01f": "positive", "EP19_05f": "negative", "EP19_06f": "negative",
    }  # fmt: skip
    # No apex: on the list all the same.
    assert listing.clips[3].apex is None
    assert len(listing.clips) == 135
    missing = [
        f"{subject[:3]}{row[0]}/{row[1]}" for row in casme2_rows[80:90] for subject in ["sub"]
    ]
    assert listing.problems[-1].what == (
        f"10 clip(s) are on the list of MEGC 2019 and not there: {', '.join(missing)}"
    )
    said = [problem.what for problem in listing.problems if problem.row in (2, 3, 4)]
    assert said[1] == "EP19_05f: the emotion 'hapiness' is not negative"
    report = check_dataset("casme2", root)
    assert (report.complete, report.lacking) == (False, True)


def test_samm_and_smic_are_held_against_the_list(tmp_path, write_frames, write_samm_sheet):
    rows = []
    for (subject, _), clip in listed_clips("samm").items():
        write_frames(tmp_path / "samm" / subject / clip.name, subject + "_{}.jpg", FRAMES)
        rows.append((subject, clip.name, 1, 2, 3, EMOTION[clip.label]))
    write_frames(tmp_path / "samm/006/006_9_9", "006_{}.jpg", FRAMES)
    rows.append(("006", "006_9_9", 1, 2, 3, "Anger"))
    write_samm_sheet(tmp_path / "samm" / "SAMM_Micro_FACS_Codes_v2.xlsx", rows)
    listing = read_samm(tmp_path / "samm")
    assert len(listing.clips) == 133
    assert [problem.what for problem in listing.problems] == [
        "1 clip(s) are not on the list of MEGC 2019: 006/006_9_9"
    ]
    top = tmp_path / "smic" / "SMIC_all_raw" / "HS"
    for (subject, _), clip in list(listed_clips("smic").items())[1:]:
        folder = top / subject / "micro" / clip.label / clip.name
        write_frames(folder, "image{}.bmp", FRAMES)
    write_frames(top / "s1/micro/negative/s1_ne_77", "image{}.bmp", FRAMES)
    listing = read_smic(tmp_path / "smic")
    assert len(listing.clips) == 163
    assert [problem.what for problem in listing.problems] == [
        "1 clip(s) are not on the list of MEGC 2019: s01/s01_ne_77",
        "1 clip(s) are on the list of MEGC 2019 and not there: s01/s01_ne_01",
    ]
    assert len(read_smic(tmp_path / "smic", classes="original").clips) == 164


@pytest.mark.parametrize(
    ("dataset", "count", "others", "held"),
    [
        ("casme2", 145, 3, True),
        ("casme2", 4, 2, True),
        ("casme2", 4, 3, False),
        ("casme2", 0, 0, False),
        ("smic", 164, 20, True),
        ("smic", 82, 0, False),
        ("smic", 95, 97, False),
        ("synthetic", 0, 9, False),
    ],
)
def test_the_list_is_for_the_real_dataset_alone(dataset, count, others, held):
    clips = list(listed_clips(dataset))[:count] + [("sub01", f"drawn{n}") for n in range(others)]
    answer, note = applies(dataset, clips)
    assert answer == held
    assert note.startswith(f"{count} of {count + others} clips of {dataset} are among the ")


def test_more_than_the_list_is_not_called_incomplete(build_casme2, casme2_rows):
    root = build_casme2(*[(row[0], f"x{row[1]}", *row[2:]) for row in casme2_rows],
                        ("01", "more", 1, 2, 3, "disgust", FRAMES))  # fmt: skip
    report = check_dataset("casme2", root)
    assert report.found.clips == 146
    assert (report.complete, report.lacking) == (False, False)
    arguments = ["data", "check", "--dataset", "casme2", "--root", str(root)]
    lines = CliRunner().invoke(dfr_keras, arguments).output.splitlines()
    assert lines[-1] == "usable, with more than the complete dataset; 0 problems"
    assert (
        "note: 0 of 146 clips of casme2 are among the 145 of MEGC 2019: taken as they are" in lines
    )
