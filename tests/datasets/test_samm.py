import pytest

from dfrnet_keras.datasets import MEGC2019_CLASSES, Clip, class_names, load_dataset
from dfrnet_keras.datasets.samm import read_samm
from dfrnet_keras.errors import InputError

SHEET = "SAMM_Micro_FACS_Codes_v2.xlsx"
EMOTIONS = {"Anger": 57, "Happiness": 26, "Other": 26, "Surprise": 15, "Contempt": 12,
            "Disgust": 9, "Fear": 8, "Sadness": 6}  # fmt: skip
PEOPLE = (6, 7, *range(9, 27), *range(28, 38))


@pytest.fixture
def build(tmp_path, write_frames, write_samm_sheet):
    """Write a dataset of rows (subject, name, onset, apex, offset, emotion, frame numbers)."""

    def build(*rows, root=tmp_path, digits=5):
        for subject, name, *_, numbers in rows:
            who = f"{int(subject):03d}"
            write_frames(root / who / name, who + "_{:0%dd}.jpg" % digits, numbers)  # noqa: UP031
        write_samm_sheet(root / SHEET, [row[:6] for row in rows])
        return root

    return build


def test_the_complete_dataset_gives_the_official_133_clips(build):
    people = [number for number in PEOPLE if number not in (25, 27, 29)][:28]
    rows = []
    for emotion, count in EMOTIONS.items():
        for index in range(count):
            # Subject 25 shows nothing but other emotions.
            subject = 25 if emotion == "Other" and index < 4 else people[index % 28]
            number = sum(row[0] == subject for row in rows) + 1
            stated = "Others" if emotion == "Other" and index % 2 else emotion
            cells = (101, 102, 103)
            rows.append((subject, f"{subject:03d}_1_{number}", *cells, stated, (101, 102, 103)))
    assert len(rows) == 159
    # Errors of the kind that editions of the sheet are known for: all of these clips are kept.
    rows[0] = (*rows[0][:3], 99, *rows[0][4:])
    rows[1] = (*rows[1][:3], 1029, *rows[1][4:])
    rows[2] = (*rows[2][:4], 13, *rows[2][5:])
    root = build(*rows)
    listing = read_samm(root)
    counts = {name: sum(clip.label == name for clip in listing.clips) for name in MEGC2019_CLASSES}
    assert counts == {"negative": 92, "positive": 26, "surprise": 15}
    subjects = {clip.subject for clip in listing.clips}
    assert len(subjects) == 28
    assert "025" not in subjects
    assert [(problem.row, problem.what.split(": ")[1]) for problem in listing.problems] == [
        (15, "the apex 99 lies outside 101 to 103"),
        (16, "the apex 1029 lies outside 101 to 103"),
        (17, "the offset 13 does not come after the onset 101"),
    ]
    placed = [(clip.onset, clip.apex, clip.offset) for clip in listing.clips[:4]]
    assert placed == [(0, None, 2), (0, None, 2), (0, 1, 2), (0, 1, 2)]
    own = read_samm(root, classes="original").clips
    classes = class_names("samm", "original")
    counts = {name: sum(clip.label == name for clip in own) for name in classes}
    assert counts == {name.casefold(): count for name, count in EMOTIONS.items()}
    assert len({clip.subject for clip in own}) == 29


@pytest.mark.parametrize("subject", ["006", 6, 6.0, "6"])
@pytest.mark.parametrize("digits", [4, 5])
def test_frames_of_a_clip(build, tmp_path, subject, digits):
    row = (subject, "006_1_2", 5562, 5564, 5565, "Anger", range(5561, 5567))
    root = build(row, root=tmp_path / "SAMM", digits=digits)
    frames = tuple(
        root / "006" / "006_1_2" / f"006_{number:0{digits}d}.jpg" for number in range(5561, 5567)
    )
    clip = Clip("samm", "006", "006_1_2", frames, 1, 3, 4, "negative", ("4",))
    assert load_dataset("samm", root) == [clip]
    assert load_dataset("samm", tmp_path) == [clip]


def test_rows_are_numbered_as_a_spreadsheet_does(build):
    rows = [(6, "006_1_1", 1, 2, 3, "Anger", (1, 2, 3)), (6, "006_1_2", 1, 2, 3, "Joy", (1, 2, 3))]
    listing = read_samm(build(*rows))
    assert [(problem.row, problem.what) for problem in listing.problems] == [
        (16, "the emotion 'Joy' is unknown")
    ]


def test_a_partial_copy_loads_what_is_there(build, write_samm_sheet):
    root = build((6, "006_1_1", 1, 2, 3, "Anger", (1, 2, 3)))
    rows = [(subject, f"{subject:03d}_1_1", 1, 2, 3, "Anger") for subject in (6, 7, 9)]
    write_samm_sheet(root / SHEET, rows)
    listing = read_samm(root)
    assert [clip.subject for clip in listing.clips] == ["006"]
    assert [problem.row for problem in listing.problems] == [16, 17]
    assert "there is no folder of 007" in listing.problems[0].what


def test_a_header_elsewhere_and_a_missing_column(build, write_samm_sheet):
    root = build((6, "006_1_1", 1, 2, 3, "Anger", (1, 2, 3)))
    write_samm_sheet(root / SHEET, [(6, "006_1_1", 1, 2, 3, "Anger")], notes=0)
    assert len(read_samm(root).clips) == 1
    write_samm_sheet(root / SHEET, [], header=("Subject", "Filename", "Onset Frame"))
    with pytest.raises(InputError, match=f"{SHEET} lacks the column Apex Frame, Offset Frame, Est"):
        read_samm(root)


def test_the_later_sheet_is_read(build, write_samm_sheet):
    root = build((6, "006_1_1", 1, 2, 3, "Anger", (1, 2, 3)))
    write_samm_sheet(root / "SAMM_Micro_FACS_Codes.xlsx", [(6, "006_1_1", 1, 2, 3, "Fear")])
    listing = read_samm(root, classes="original")
    assert [clip.label for clip in listing.clips] == ["anger"]
    assert listing.sheets == (root / SHEET,)
