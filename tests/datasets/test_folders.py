"""Dataset folders as people keep them: with left-overs, links and other names."""

import shutil

import pytest

from dfrnet_keras.datasets import list_dataset
from dfrnet_keras.datasets.casme2 import read_casme2
from dfrnet_keras.datasets.folders import plain_name, subject_number
from dfrnet_keras.datasets.samm import read_samm
from dfrnet_keras.datasets.smic import read_smic
from dfrnet_keras.errors import InputError

RAW = "CASME2_RAW_selected"
EMOTIONS = ("disgust", "happiness", "surprise")


@pytest.fixture
def root(tmp_path, build_casme2):
    """Nine clips of three subjects."""
    return build_casme2(
        *[(f"{subject:02d}", f"EP0{clip}_9", 1, 2, 3, EMOTIONS[clip], (1, 2, 3))
          for subject in (1, 2, 3) for clip in range(3)],
        root=tmp_path / "data",
    )  # fmt: skip


@pytest.mark.parametrize(
    "name", ["__MACOSX", ".AppleDouble", "@eaDir", "$RECYCLE.BIN", "lost+found", "__macosx"]
)
def test_what_systems_leave_behind_is_left_aside(root, write_frames, name):
    """The copy lies as deep as the data, and before them in the order of names."""
    (root / RAW).rename(root / "unpacked")
    (root / RAW).mkdir()
    (root / "unpacked").rename(root / RAW / RAW)
    write_frames(root / name / RAW / "sub01" / "EP00_9", "._img{}.jpg", (1, 2, 3))
    write_frames(root / RAW / RAW / "sub01" / "EP00_9" / name, "img{}.jpg", (1, 2, 3))
    write_frames(root / RAW / RAW / "sub01" / name, "img{}.jpg", (1, 2, 3))
    (root / "._CASME2-coding-20140508.xlsx").write_bytes(b"x")
    listing = read_casme2(root)
    assert (len(listing.clips), listing.problems) == (9, ())
    assert listing.folders == (root / RAW / RAW,)


def test_a_folder_with_left_overs_alone_is_empty(tmp_path):
    (tmp_path / "__MACOSX" / "sub01").mkdir(parents=True)
    (tmp_path / ".DS_Store").write_bytes(b"x")
    for read in (read_casme2, read_samm, read_smic):
        with pytest.raises(InputError, match="is empty: give the folder"):
            read(tmp_path)


def annex(root, objects):
    """Move every frame to a folder of objects and put a link in its place."""
    objects.mkdir(parents=True)
    for number, path in enumerate(sorted((root / RAW).rglob("*.jpg"))):
        path.rename(objects / f"{number}.jpg")
        path.symlink_to(objects / f"{number}.jpg")


def test_links_inside_the_dataset_are_followed(root, tmp_path):
    annex(root, root / ".git" / "annex" / "objects")
    listing = read_casme2(root)
    assert (len(listing.clips), listing.problems) == (9, ())
    assert listing.clips[0].frames[0].parent == root / RAW / "sub01" / "EP00_9"
    # Behind a link, and from the folder above.
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "CASME II").symlink_to(root)
    assert len(read_casme2(tmp_path / "home").clips) == 9
    # The folder of frames by itself does not hold what the links lead to.
    listing = read_casme2(root / RAW)
    assert listing.clips == ()
    assert listing.problems[0].what == (
        "img1.jpg is a link that leaves the dataset's folder, and so are 2 more frames"
    )
    assert "give the folder above both as root" in listing.problems[0].done


def test_links_whose_files_were_not_fetched_are_named(root):
    annex(root, root / ".git" / "annex" / "objects")
    shutil.rmtree(root / ".git")
    listing = read_casme2(root)
    assert listing.clips == ()
    first = listing.problems[0]
    assert first.file == root / RAW / "sub01" / "EP00_9"
    assert first.what == "img1.jpg is a link to a file that is not there, and so are 2 more frames"
    assert "git annex get" in first.done


def test_links_that_leave_the_dataset_are_refused(root, write_frames, tmp_path):
    write_frames(tmp_path / "outside", "img{}.jpg", (1, 2, 3))
    shutil.rmtree(root / RAW / "sub01" / "EP00_9")
    (root / RAW / "sub01" / "EP00_9").symlink_to(tmp_path / "outside")
    (root / RAW / "sub01" / "EP01_9" / "img4.jpg").symlink_to(tmp_path / "outside" / "img1.jpg")
    listing = read_casme2(root)
    assert [len(clip.frames) for clip in listing.clips] == [3] * 8
    assert "EP00_9 is a link that leaves" in listing.problems[0].what
    assert listing.problems[1].what == "img4.jpg is a link that leaves the dataset's folder"
    # The whole dataset, and an edition in it, may lie behind a link.
    (tmp_path / "link").symlink_to(root)
    assert len(read_casme2(tmp_path / "link").clips) == 8
    (root / RAW).rename(tmp_path / "frames elsewhere")
    (root / RAW).symlink_to(tmp_path / "frames elsewhere")
    assert len(read_casme2(root).clips) == 8


@pytest.mark.parametrize(
    "names", [("sub01", "02", "s03"), ("1", "2", "3"), ("01", "02", "03"), ("S1", "S2", "S3"),
              ("sub1", "sub-02", "Subject 3")]
)  # fmt: skip
def test_folders_of_subjects_under_other_names(root, names):
    for number, name in enumerate(names, start=1):
        (root / RAW / f"sub{number:02d}").rename(root / RAW / name)
    listing = read_casme2(root)
    assert (len(listing.clips), listing.problems) == (9, ())
    assert {clip.subject for clip in listing.clips} == {"sub01", "sub02", "sub03"}


def test_a_subject_in_two_folders_is_one(root):
    (root / RAW / "2").mkdir()
    (root / RAW / "sub02" / "EP00_9").rename(root / RAW / "2" / "EP00_9")
    shutil.copytree(root / RAW / "sub02" / "EP01_9", root / RAW / "2" / "EP01_9")
    listing = read_casme2(root)
    assert [clip.subject for clip in listing.clips] == ["sub01"] * 3 + ["sub02"] * 3 + ["sub03"] * 3
    assert listing.clips[4].frames[0].parent == root / RAW / "sub02" / "EP01_9"
    (problem,) = listing.problems
    assert (problem.file, problem.done) == (root / RAW / "2" / "EP01_9", "it was passed over")


def test_samm_and_smic_under_other_names(tmp_path, write_frames, write_samm_sheet):
    write_frames(tmp_path / "samm" / "6" / "006_1_1", "006_{}.jpg", (1, 2, 3))
    write_frames(tmp_path / "samm" / "007" / "007_1_1 ", "007_{}.jpg", (1, 2, 3))
    rows = [(number, f"{number:03d}_1_1", 1, 2, 3, "Anger") for number in (6, 7)]
    write_samm_sheet(tmp_path / "samm" / "SAMM_Micro_FACS_Codes_v2.xlsx", rows)
    listing = read_samm(tmp_path / "samm")
    assert ([clip.subject for clip in listing.clips], listing.problems) == (["006", "007"], ())
    for folder in ("s1/micro/Negative /s1_ne_01", "S02/Micro /positive/s2_po_01 ", "3/micro/"
                   "surprise/s3_sur_1"):  # fmt: skip
        write_frames(tmp_path / "SMIC_all_raw/HS" / folder, "image{}.bmp", (1, 2, 3))
    listing = list_dataset("smic", tmp_path / "SMIC_all_raw")
    assert [clip.name for clip in listing.clips] == ["s03_sur_01", "s01_ne_01", "s02_po_01"]
    assert listing.problems == ()


def test_what_is_there_in_place_of_a_folder_is_named(root, write_frames):
    subject = root / RAW / "sub01"
    for name in ("EP00_9", "EP01_9", "EP02_9"):
        shutil.rmtree(subject / name)
    (subject / "EP00_9.avi").write_bytes(b"x")
    (subject / "EP01_9.zip").write_bytes(b"x")
    write_frames(subject / "ep2_9", "img{}.jpg", (1, 2, 3))
    listing = read_casme2(root)
    assert len(listing.clips) == 6
    said = [problem.what for problem in listing.problems]
    assert "of sub01" in said[0]
    assert "EP00_9.avi: its frames are needed" in said[0]
    assert "EP01_9.zip: its frames are needed" in said[1]
    assert "is 'ep2_9' meant?" in said[2]


def test_videos_of_smic_are_named(tmp_path):
    folder = tmp_path / "SMIC_all_raw/HS/s1/micro/negative"
    folder.mkdir(parents=True)
    (folder / "s1_ne_01.avi").write_bytes(b"x")
    (problem,) = read_smic(tmp_path).problems
    assert (problem.file.name, problem.what) == (
        "s1_ne_01.avi",
        "is a video: its frames are needed",
    )


def test_numbers_and_names():
    for text in ("6", "006", "6.0", "S6", "sub06", "Sub-6", "subject_6", " 6 ", "p6"):
        assert subject_number(text) == 6
    for text in ("", "six", "6a", "6.5", "../6", "s1_ne_01", "1234567890"):
        assert subject_number(text) is None
    assert plain_name(" EP01_02F") == plain_name("ep1_2f")
    assert plain_name("EP10") != plain_name("EP1")
