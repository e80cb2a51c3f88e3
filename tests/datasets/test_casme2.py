import os

import pytest

from dfrnet_keras.datasets import MEGC2019_CLASSES, Clip, class_names, list_dataset, load_dataset
from dfrnet_keras.datasets.casme2 import read_casme2
from dfrnet_keras.datasets.listing import LEFT_OUT
from dfrnet_keras.errors import InputError

SHEET = "CASME2-coding-20140508.xlsx"
RAW = "CASME2_RAW_selected"


@pytest.fixture
def build(build_casme2):
    return build_casme2


EMOTIONS = {"others": 99, "disgust": 63, "happiness": 32, "repression": 27, "surprise": 25,
            "sadness": 7, "fear": 2}  # fmt: skip


@pytest.mark.parametrize("as_text", [True, False])
def test_the_complete_dataset_gives_the_official_145_clips(build, as_text):
    rows = []
    people = [number for number in range(1, 27) if number not in (10, 18)]
    for emotion, count in EMOTIONS.items():
        for index in range(count):
            # Subjects 10 and 18 show nothing but other emotions.
            among = (10, 18) if emotion == "others" and index < 20 else people
            rows.append([among[index % len(among)], f"EP{index:02d}_{emotion[:2]}f", emotion])
    # Two clips of the negative class whose apex is not after the onset.
    no_apex = next(row for row in rows if row[2] == "disgust" and row[0] == 4)
    apex_is_onset = next(row for row in rows if row[2] == "repression" and row[0] == 5)
    full = []
    for row in rows:
        subject, name, emotion = row
        apex = "/" if row is no_apex else 9 if row is apex_is_onset else 10
        full.append((f"{subject:02d}" if as_text else subject, name, 9, apex, 11, emotion,
                     (9, 10, 11)))  # fmt: skip
    assert len(full) == 255
    root = build(*full)
    listing = read_casme2(root)
    counts = {name: sum(clip.label == name for clip in listing.clips) for name in MEGC2019_CLASSES}
    assert counts == {"negative": 88, "positive": 32, "surprise": 25}
    subjects = {clip.subject for clip in listing.clips}
    assert len(subjects) == 24
    assert not subjects & {"sub10", "sub18"}
    assert len(listing.problems) == 2
    assert {problem.done for problem in listing.problems} == {"the clip is not one of MEGC 2019"}
    own = read_casme2(root, classes="original").clips
    classes = class_names("casme2", "original")
    assert {name: sum(clip.label == name for clip in own) for name in classes} == EMOTIONS
    assert sum(clip.apex is None for clip in own) == 2
    assert len({clip.key for clip in own}) == 255


@pytest.mark.parametrize("inner", ["", "CASME II"])
@pytest.mark.parametrize(
    ("top", "pattern"),
    [(RAW, "img{}.jpg"), ("Cropped", "reg_img{}.jpg"), ("cropped", "reg_img{}.jpg")],
)
def test_frames_are_in_the_order_of_their_numbers(build, tmp_path, inner, top, pattern):
    row = ("01", "EP02_01f", 46, 99, 101, "happiness", range(44, 103))
    root = build(row, root=tmp_path / inner, top=top, pattern=pattern)
    frames = tuple(
        root / top / "sub01" / "EP02_01f" / pattern.format(number) for number in range(44, 103)
    )
    clip = Clip("casme2", "sub01", "EP02_01f", frames, 2, 55, 57, "positive", ("4",))
    assert load_dataset("casme2", tmp_path) == [clip]
    # The folder of frames itself will do, with the sheet beside it.
    assert load_dataset("casme2", root / top) == [clip]


def test_names_are_found_in_any_case_and_any_padding(build, tmp_path, write_frames):
    root = build((3, "EP01_2", 1, 2, 3, " Surprise ", None))
    write_frames(root / "casme2_raw_SELECTED" / "Sub3" / "ep01_2", "IMG{}.jpg", (1, 2, 3))
    (clip,) = load_dataset("casme2", root)
    assert (clip.key, clip.label) == ("casme2/sub03/EP01_2", "surprise")
    assert clip.frames[0].is_file()


def test_equal_names_of_two_subjects_are_two_clips(build):
    rows = [(subject, "EP01_01", 1, 2, 3, "disgust", (1, 2, 3)) for subject in ("01", "02")]
    keys = [clip.key for clip in load_dataset("casme2", build(*rows))]
    assert keys == ["casme2/sub01/EP01_01", "casme2/sub02/EP01_01"]


def test_raw_comes_before_cropped_unless_asked_for(build, write_frames, tmp_path):
    root = build((1, "a", 1, 2, 3, "disgust", (1, 2, 3)))
    write_frames(root / "Cropped" / "sub01" / "a", "reg_img{}.jpg", (1, 2, 3))
    assert load_dataset("casme2", root)[0].frames[0].name == "img1.jpg"
    assert load_dataset("casme2", root, edition="cropped")[0].frames[0].name == "reg_img1.jpg"
    assert load_dataset("casme2", root / "Cropped")[0].frames[0].name == "reg_img1.jpg"
    with pytest.raises(InputError, match="edition is 'small'"):
        load_dataset("casme2", root, edition="small")
    with pytest.raises(InputError, match="no cropped edition of CASME II"):
        load_dataset("casme2", root / RAW, edition="cropped")


def test_both_sheets_may_be_there(build, write_casme2_sheet):
    row = (1, "a", 1, 2, 3, "disgust", (1, 2, 3))
    root = build(row)
    write_casme2_sheet(root / "CASME2-coding-20190701.xlsx", [(1, "a", 1, 2, 3, "fear")])
    (root / "~$CASME2-coding-20140508.xlsx").write_bytes(b"lock")
    listing = read_casme2(root)
    assert listing.sheets == (root / SHEET,)
    assert [clip.label for clip in listing.clips] == ["negative"]
    assert [problem.file.name for problem in listing.problems] == ["CASME2-coding-20190701.xlsx"]
    (root / SHEET).unlink()
    assert [clip.label for clip in read_casme2(root, classes="original").clips] == ["fear"]


# cells of onset, apex, offset; frames that are there; what comes of it; a part of each problem
ODD_ROWS = {
    "apex is the offset": ((1, 5, 5), range(1, 6), (0, 4, 4), []),
    "no apex": ((1, "/", 5), range(1, 6), (0, None, 4), ["the apex '/' is not a frame number"]),
    "empty apex": ((1, None, 5), range(1, 6), (0, None, 4), ["the apex '' is not a frame"]),
    "apex is the onset": ((2, 2, 5), range(1, 6), (1, None, 4), ["the apex 2 is the onset"]),
    "apex before": ((2, 1, 5), range(1, 6), (1, None, 4), ["the apex 1 lies outside 2 to 5"]),
    "apex after": ((2, 51, 5), range(1, 60), (1, None, 4), ["the apex 51 lies outside 2 to 5"]),
    "offset beyond": ((1, 2, 9), range(1, 6), (0, 1, 4), ["frame 9, the offset, is missing"]),
    "onset before": ((0, 2, 5), range(1, 6), (0, 1, 4), ["frame 0, the onset, is missing"]),
    "onset after offset": ((2, 4, 1), range(1, 6), (1, 3, 4), ["offset 1 does not come after"]),
    "no onset": (("x", 4, 5), range(1, 6), (0, 3, 4), ["the onset 'x' is not a frame number"]),
    "no offset": ((1, 4, "/"), range(1, 6), (0, 3, 4), ["the offset '/' is not a frame number"]),
    "gap": ((1, 2, 9), (1, 2, 3, 7, 8, 9), (0, 1, 5), ["3 frame(s) missing between 1 and 9"]),
    "apex in a gap": ((1, 4, 9), (1, 2, 3, 7, 8, 9), (0, 2, 5),
                      ["3 frame(s) missing", "frame 4, the apex, is missing"]),
    "every second frame": ((2, 4, 8), (2, 4, 6, 8), (0, 1, 3), []),
    "numbers with a fraction": ((1.0, 2.0, 3.0), (1, 2, 3), (0, 1, 2), []),
    "one frame": ((1, 2, 3), (1,), None, ["the clip has 1 frame(s) and needs 2"]),
    "no frame": ((1, 2, 3), (), None, ["the clip has 0 frame(s) and needs 2"]),
    "elsewhere": ((11, 12, 13), (1, 2, 3), None, ["no movement from the onset 11"]),
    "no folder": ((1, 2, 3), None, None, ["there is no folder of sub01"]),
}  # fmt: skip


@pytest.mark.parametrize("case", ODD_ROWS)
def test_odd_rows(build, case):
    cells, numbers, wanted, notes = ODD_ROWS[case]
    good = (2, "good", 1, 2, 3, "disgust", (1, 2, 3))
    listing = read_casme2(build(good, (1, "a", *cells, "fear", numbers)), classes="original")
    placed = [(clip.onset, clip.apex, clip.offset) for clip in listing.clips if clip.name == "a"]
    assert placed == ([] if wanted is None else [wanted])
    assert listing.clips[0].key == "casme2/sub02/good"
    assert len(listing.problems) == len(notes)
    for problem, note in zip(listing.problems, notes, strict=True):
        assert note in problem.what
        assert (problem.file.name, problem.row) == (SHEET, 3)
        assert (problem.done == LEFT_OUT) == (wanted is None)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ((1, None, 1, 2, 3, "disgust"), "the field Filename is empty"),
        ((None, "a", 1, 2, 3, "disgust"), "the field Subject is empty"),
        (("one", "a", 1, 2, 3, "disgust"), "the subject 'one' holds no number"),
        ((1, "a", 1, 2, 3, "joy"), "the emotion 'joy' is unknown"),
        ((1, "a", 1, 2, 3, None), "the emotion '' is unknown"),
        ((1, "../../outside", 1, 2, 3, "disgust"), "no folder '../../outside'"),
        ((1, "/", 1, 2, 3, "disgust"), "no folder '/'"),
        ((1, "..", 1, 2, 3, "disgust"), "no folder '..'"),
        (("../1", "a", 1, 2, 3, "disgust"), "the subject '../1' holds no number"),
    ],
)
def test_rows_without_a_usable_name(build, write_frames, tmp_path, row, what):
    write_frames(tmp_path / "outside", "img{}.jpg", (1, 2, 3))
    root = tmp_path / "data"
    build((1, "a2", 1, 2, 3, "disgust", (1, 2, 3)), (*row, None), root=root)
    listing = read_casme2(root)
    assert [clip.name for clip in listing.clips] == ["a2"]
    (problem,) = listing.problems
    assert what in problem.what
    assert (problem.row, problem.done) == (3, LEFT_OUT)
    with pytest.warns(UserWarning, match=r"1 clip\(s\) of casme2 cannot be used"):
        assert len(load_dataset("casme2", root)) == 1


def test_a_repeated_row_is_used_once(build):
    row = (1, "a", 1, 2, 3, "disgust", (1, 2, 3))
    listing = read_casme2(build(row, ("01", "A", 1, 2, 3, "happiness", None)))
    assert [clip.label for clip in listing.clips] == ["negative"]
    (problem,) = listing.problems
    assert (problem.row, problem.done) == (3, "row 2 was used")


def test_files_that_are_no_frames_are_passed_over(build, pictures, tmp_path):
    root = build((1, "a", 1, 2, 4, "disgust", (1, 2, 3, 4)))
    folder = root / RAW / "sub01" / "a"
    (folder / "img003.jpg").write_bytes(pictures[".jpg"])
    (folder / "cover.jpg").write_bytes(pictures[".jpg"])
    (folder / "._img1.jpg").write_bytes(b"x")
    (folder / "Thumbs.db").write_bytes(b"x")
    (folder / "img2.jpg").write_bytes(b"")
    (root / RAW / "sub01" / "unlisted").mkdir()
    listing = read_casme2(root, classes="original")
    assert [path.name for path in listing.clips[0].frames] == ["img1.jpg", "img003.jpg", "img4.jpg"]
    found = {problem.file.name: problem.what for problem in listing.problems if not problem.row}
    assert found == {
        "cover.jpg": "has a name without a frame number",
        "img2.jpg": "is an empty file",
        "img3.jpg": "has the same frame number as img003.jpg",
        "unlisted": "no row of the sheet names it",
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_must_not_be_read_is_a_problem(build):
    root = build(*[(n, "a", 1, 2, 3, "disgust", (1, 2, 3)) for n in (1, 2)])
    locked = root / RAW / "sub01" / "a"
    locked.chmod(0)
    try:
        listing = read_casme2(root)
    finally:
        locked.chmod(0o755)
    assert [clip.subject for clip in listing.clips] == ["sub02"]
    assert "cannot be read (Permission denied)" in listing.problems[0].what


def test_another_folder_is_recognised(tmp_path, write_frames):
    with pytest.raises(InputError, match="is not a folder"):
        read_casme2(tmp_path / "nowhere")
    with pytest.raises(InputError, match="is empty: give the folder that CASME II"):
        read_casme2(tmp_path)
    write_frames(tmp_path / "a" / "pictures", "img{}.jpg", (1, 2))
    with pytest.raises(InputError, match="holds no clips of CASME II"):
        read_casme2(tmp_path / "a")
    write_frames(tmp_path / "b" / "006" / "006_1_2", "006_{}.jpg", (1, 2))
    with pytest.raises(InputError, match="it looks like samm"):
        read_casme2(tmp_path / "b")
    write_frames(tmp_path / "c" / "HS/s1/micro/negative/s1_ne_01", "image{}.bmp", (1, 2))
    with pytest.raises(InputError, match="it looks like smic"):
        read_casme2(tmp_path / "c")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "samples.csv").write_text("file")
    with pytest.raises(InputError, match="it looks like flow-folder"):
        read_casme2(tmp_path / "d")


def test_the_folder_is_found_by_the_environment(build, tmp_path, monkeypatch):
    build((1, "a", 1, 2, 3, "disgust", (1, 2, 3)), root=tmp_path / "CASME II")
    monkeypatch.setenv("DFR_KERAS_DATA", str(tmp_path))
    assert len(load_dataset("casme2")) == 1
    with pytest.raises(InputError, match="camera 'HS' was given for casme2"):
        list_dataset("casme2", camera="HS")
    with pytest.raises(InputError, match="classes is 'nine'"):
        load_dataset("casme2", classes="nine")
