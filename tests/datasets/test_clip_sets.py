"""CASME, CAS(ME)^3, MMEW and 4DME, in folders written by hand, and what classes there are."""

import openpyxl
import pytest

from dfrnet_keras import datasets
from dfrnet_keras.datasets import MEGC2019_CLASSES, class_names, list_dataset, load_dataset
from dfrnet_keras.datasets.clip_sets import SCHEMES
from dfrnet_keras.errors import InputError

# Sheet, its header, pattern of the frames, rows, and for each row the clip: subject, name,
# own class, class of the three, (onset, apex, offset) among its frames, action units.
SETS = {
    "casme": (
        "casme.xlsx",
        ["Subject", "Filename", None, "OnsetF", "ApexF1", "ApexF2", "OffsetF", None, "AU",
         "Emotion"],
        "Cropped/sub{0:02d}/{1}/EP-{2}.jpg",
        [[1, "EP01_1", None, 2, 4, 5, 6, None, "L4+9?", "disgust"],
         [2, "EP01_1", None, 2, "/", 5, 6, None, 12, "Tense"]],
        [("sub01", "EP01_1", "disgust", "negative", (1, 3, 5), ("L4",)),
         ("sub02", "EP01_1", "tense", None, (1, None, 5), ("12",))],
    ),
    "casme3": (
        "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx",
        ["Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion"],
        "spNO.{0}/{1}/color/{2}.jpg",
        [["spNO.1", "b", "2", "3", "4", "4+7", "I", "Happy"],
         ["spNO.1", "b", "5", "6", "8", "1,2", "I", "others"],
         ["spNO.12", "a", "5", "6", "8", "4", "I", "sad"]],
        [("spNO.1", "b_2", "happiness", "positive", (0, 1, 2), ("4", "7")),
         ("spNO.1", "b_5", "others", None, (0, 1, 3), ("1", "2")),
         ("spNO.12", "a_5", "sadness", "negative", (0, 1, 3), ("4",))],
    ),
    "casme3-c": (
        "CAS(ME)3_part_C_ME.xlsx",
        ["sub", "count", "onset", "offset", "au"],
        "{0:02d}/{1}/color/{2}.jpg",
        [[1, 1, 2, 6, "4,7"], [2, 3, 2, 6, "4\uff0c14"]],
        [("01", "1_2", "no emotion", None, (0, None, 4), ("4", "7")),
         ("02", "3_2", "no emotion", None, (0, None, 4), ("4", "14"))],
    ),
    "mmew": (
        "MMEW_Micro_Exp.xlsx",
        ["Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units",
         "Estimated Emotion", "remarks"],
        "Micro_Expression/{3}/{1}/{2}.jpg",
        [["S01", "S01-02-001", 1, 3, 8, "4", "anger", None],
         ["S02", "S02-02-001", 1, 3, 8, "1+2", "surprise", None]],
        [("S01", "S01-02-001", "anger", "negative", (0, 2, 7), ("4",)),
         ("S02", "S02-02-001", "surprise", "surprise", (0, 2, 7), ("1", "2"))],
    ),
    "4dme": (
        "4DME_Labelling_Micro_release v1.xlsx",
        ["sub_ID", "fold_name", "Onset", "Apex", "Offset", "AUs", "Emotion"],
        "gray_micro/sub{0:02d}/{1}/{2}.jpg",
        [["sub01", "01_002", 1, 3, 8, "4(k)+7", "Repression"],
         ["sub02", "02_001", 1, 3, 8, "12", "Others"]],
        [("sub01", "01_002", "repression", "negative", (0, 2, 7), ("7",)),
         ("sub02", "02_001", "others", None, (0, 2, 7), ("12",))],
    ),
}  # fmt: skip


@pytest.fixture
def build(tmp_path, write_frames):
    """Write a set as above, with eight frames in each folder."""

    def build(name, rows=None, header=None):
        sheet, columns, pattern, usual, _ = SETS[name]
        book = openpyxl.Workbook()
        book.active.append(header or columns)
        for row in rows or usual:
            book.active.append(row)
            number = int("".join(filter(str.isdigit, str(row[0]))))
            path = tmp_path / pattern.format(number, row[1], "{}", row[6] if len(row) > 6 else "")
            write_frames(path.parent, path.name, range(1, 9))
        book.save(tmp_path / sheet)
        return tmp_path

    return build


@pytest.mark.parametrize("name", SETS)
def test_each_set_is_read(build, name):
    root = build(name)
    listing = list_dataset(name, root, classes="original")
    found = [
        (c.subject, c.name, c.label, (c.onset, c.apex, c.offset), c.action_units)
        for c in listing.clips
    ]
    expected = SETS[name][-1]
    assert found == [(who, clip, own, *rest) for who, clip, own, _, *rest in expected]
    apexes = ["the apex '/' is not a frame number"] if name == "casme" else []
    assert [problem.what.split(": ")[1] for problem in listing.problems] == apexes
    assert {clip.dataset for clip in listing.clips} == {name}
    assert {clip.label for clip in listing.clips} <= set(class_names(name, "original"))
    if name == "casme3-c":
        with pytest.raises(InputError, match=r"action units and not in emotions.*original"):
            load_dataset(name, root)
        return
    three = [(clip.name, clip.label) for clip in load_dataset(name, root, classes="three")]
    assert three == [(clip, label) for _, clip, _, label, *_ in expected if label]


def test_the_table_is_the_list_of_datasets():
    assert set(SCHEMES) == set(SETS) == set(datasets._CLIP_SETS)
    for scheme in SCHEMES.values():
        assert set(scheme.three_classes) <= set(scheme.classes)
        assert set(scheme.three_classes.values()) <= set(MEGC2019_CLASSES)


def test_depth_without_colour_is_named(build):
    root = build("casme3")
    (root / "spNO.12" / "a" / "color").rename(root / "spNO.12" / "a" / "depth")
    listing = list_dataset("casme3", root)
    assert [clip.name for clip in listing.clips] == ["b_2"]
    (problem,) = listing.problems
    assert "a holds depth and no colour: put its folder 'color' beside it" in problem.what


@pytest.mark.parametrize(("onset", "offset"), [(1, 900), ("/", 8), (8, 5)])
def test_a_wrong_number_makes_no_clip_of_a_recording(build, onset, offset):
    rows = [["spNO.1", "b", onset, 3, offset, "4", "I", "happy"],
            ["spNO.2", "b", 2, 3, 6, "4", "I", "happy"]]  # fmt: skip
    listing = list_dataset("casme3", build("casme3", rows))
    assert [clip.subject for clip in listing.clips] == ["spNO.2"]
    assert "are no onset and offset of a micro-expression" in listing.problems[0].what


def test_macro_expressions_in_the_sheet_are_passed_over(build):
    header = [*SETS["casme3"][1], "Expression type"]
    rows = [["spNO.1", "b", 2, 3, 6, "4", "I", "happy", "Micro-expression"],
            ["spNO.1", "b", 4, 5, 7, "4", "I", "happy", "Macro-expression"]]  # fmt: skip
    listing = list_dataset("casme3", build("casme3", rows, header))
    assert ([clip.name for clip in listing.clips], listing.problems) == (["b_2"], ())


def test_two_emotions_at_once_are_left_out(build):
    rows = [["sub01", "01_002", 1, 3, 8, "4", "Positively surprise"],
            ["sub02", "02_001", 1, 3, 8, "12", "Positive"]]  # fmt: skip
    listing = list_dataset("4dme", build("4dme", rows))
    assert [clip.label for clip in listing.clips] == ["positive"]
    assert "the emotion 'Positively surprise' is unknown" in str(listing.problems[0])


@pytest.mark.parametrize("name", ["casme", "mmew"])
def test_the_sheet_of_another_dataset(build, name):
    root = build(name)
    (root / SETS[name][0]).rename(root / "CASME2-coding-20140508.xlsx")
    with pytest.raises(InputError) as error:
        load_dataset(name, root)
    assert str(error.value).endswith(
        f"CASME2-coding-20140508.xlsx is that of another dataset, put the distributed "
        f"{SCHEMES[name].sheet}... .xlsx there"
    )
    # Under the right name its columns give it away.
    (root / "CASME2-coding-20140508.xlsx").rename(root / SETS[name][0])
    book = openpyxl.load_workbook(root / SETS[name][0])
    book.active.cell(1, 2).value = "Clip"
    book.save(root / SETS[name][0])
    with pytest.raises(InputError, match="lacks the column Filename"):
        load_dataset(name, root)


def test_another_folder_is_recognised(build):
    root = build("mmew")
    with pytest.raises(InputError, match="does not hold SAMM, it looks like mmew"):
        load_dataset("samm", root)


TASKS = {
    ("casme2", "five"): "disgust happiness others repression surprise",
    ("samm", "five"): "anger contempt happiness other surprise",
    ("casme2", "seven"): "disgust fear happiness others repression sadness surprise",
    ("samm", "seven"): "anger contempt disgust fear happiness sadness surprise",
    ("casme3", "seven"): "anger disgust fear happiness others sadness surprise",
    ("mmew", "seven"): "anger disgust fear happiness others sadness surprise",
    ("synthetic", "three"): "negative positive surprise",
}


@pytest.mark.parametrize("key", TASKS)
def test_classes_of_a_task(key):
    assert class_names(*key) == tuple(TASKS[key].split())


@pytest.mark.parametrize(
    ("name", "task"), [("smic", "five"), ("megc2019", "seven"), ("4dme", "five")]
)
def test_a_task_that_a_dataset_does_not_have(name, task):
    with pytest.raises(InputError, match=f"{name} has no {task} classes that papers agree on"):
        class_names(name, task)


def test_five_classes_leave_rare_emotions_aside(build_casme2):
    emotions = ("disgust", "fear", "others", "sadness", "repression", "happiness", "surprise")
    root = build_casme2(
        *((who, "a", 1, 2, 3, emotion, (1, 2, 3)) for who, emotion in enumerate(emotions, 1))
    )
    labels = {task: [clip.label for clip in load_dataset("casme2", root, classes=task)]
              for task in ("five", "seven", "original")}  # fmt: skip
    assert labels["five"] == [name for name in emotions if name not in ("fear", "sadness")]
    assert labels["seven"] == labels["original"] == list(emotions)
