import errno
from collections import Counter

import cv2
import openpyxl
import pytest

from dfrnet_keras.datasets import list_dataset
from dfrnet_keras.datasets.check import check_dataset
from dfrnet_keras.datasets.synthetic.layouts import write_layout
from dfrnet_keras.errors import InputError
from dfrnet_keras.frames import read_frames

SMALL = {"subjects": 2, "clips_per_subject": 2, "frames": 6}


@pytest.fixture(autouse=True)
def small_pictures(monkeypatch):
    """Camera pictures at a fraction of their size: what matters here is where they lie."""
    from dfrnet_keras.datasets.synthetic import layouts
    from dfrnet_keras.datasets.synthetic.identity import Framing

    for key, pictures in layouts._PICTURES.items():
        if key[1] == "raw":
            small = pictures._replace(framing=Framing.raw(64, 48))
            monkeypatch.setitem(layouts._PICTURES, key, small)


def files(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


CASES = [("casme2", "raw"), ("casme2", "cropped"), ("smic", "raw"), ("smic", "cropped"),
         ("samm", "raw"), ("megc2019", "raw"), ("casme", "raw"), ("casme", "cropped"),
         ("casme3", "raw"), ("mmew", "raw"), ("4dme", "raw")]  # fmt: skip


@pytest.mark.parametrize(("layout", "edition"), CASES)
def test_what_is_written_is_read_without_a_problem(tmp_path, layout, edition):
    done = []
    root = write_layout(
        layout,
        tmp_path / "out",
        **SMALL,
        edition=edition,
        progress=lambda *at: done.append(at),
    )
    report = check_dataset(layout, root, read=read_frames, every_frame=True)
    count = 12 if layout == "megc2019" else 4
    assert (report.problems, report.found.clips, report.found.subjects) == ((), count, count // 2)
    assert done[-1] == (count, count)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    for clip in list_dataset(layout, root).clips:
        # A clip of SMIC, and one that is a part of a recording, begins with its onset.
        still = 0 if clip.dataset in ("smic", "casme3") else 3
        moving = 3 if clip.dataset == "smic" else 6
        assert (clip.onset, clip.offset) == (still, still + moving - 1)
        assert len(clip.frames) == moving + 2 * still
        assert (clip.apex is None) == (clip.dataset == "smic")
        assert (clip.action_units is None) == (clip.dataset == "smic")
        assert clip.apex is None or clip.onset < clip.apex < clip.offset


def test_action_units_and_others_stand_in_the_sheets(tmp_path):
    root = write_layout("casme2", tmp_path / "one", **{**SMALL, "clips_per_subject": 6},
                        edition="cropped", others=True)  # fmt: skip
    clips = list_dataset("casme2", root, classes="five").clips
    assert len(clips) == 12
    assert "others" in {clip.label for clip in clips}
    cells = [row[7] for row in openpyxl.load_workbook(root / "CASME2-coding-20140508.xlsx").active
             .iter_rows(min_row=2, values_only=True)]  # fmt: skip
    assert ["+".join(clip.action_units) for clip in clips] == [str(cell) for cell in cells]
    part_c = write_layout("casme3-c", tmp_path / "two", **SMALL)
    report = check_dataset("casme3-c", part_c, classes="original", read=read_frames)
    assert (report.failure, report.problems, report.found.clips) == (None, (), 4)


def test_names_are_those_of_the_datasets(tmp_path):
    casme2 = files(write_layout("casme2", tmp_path / "casme2", **SMALL))
    assert casme2[0] == "CASME2-coding-20140508.xlsx"
    assert all(name.startswith("CASME2_RAW_selected/sub0") for name in casme2[1:])
    assert casme2[1].split("/")[2] == "EP01_01"
    assert casme2[1].split("/")[3].startswith("img")
    assert casme2[1].endswith(".jpg")
    smic = files(write_layout("smic", tmp_path / "smic", **SMALL, edition="cropped"))
    assert all(name.startswith("SMIC_all_cropped/HS/s") for name in smic)
    assert all("/micro/" in name and "/reg_image" in name and name[-4:] == ".bmp" for name in smic)
    samm = files(write_layout("samm", tmp_path / "samm", **SMALL))
    assert samm[0].startswith("006/006_1_1/006_")
    assert samm[-1] == "SAMM_Micro_FACS_Codes_v2.xlsx"
    image = cv2.imread(str(tmp_path / "samm" / samm[0]), cv2.IMREAD_UNCHANGED)
    assert image.shape == (96, 128)  # gray, twice the size it was drawn at


def test_sheets_are_laid_out_as_those_of_the_datasets(tmp_path):
    root = write_layout("casme2", tmp_path / "casme2", **SMALL)
    sheet = openpyxl.load_workbook(root / "CASME2-coding-20140508.xlsx").active
    rows = list(sheet.values)
    assert rows[0] == ("Subject", "Filename", None, "OnsetFrame", "ApexFrame", "OffsetFrame", None,
                       "Action Units", "Estimated Emotion")  # fmt: skip
    assert [row[0] for row in rows[1:]] == ["01", "01", "02", "02"]
    root = write_layout("samm", tmp_path / "samm", **SMALL)
    sheet = openpyxl.load_workbook(root / "SAMM_Micro_FACS_Codes_v2.xlsx")["MICRO_ONLY"]
    rows = list(sheet.values)
    assert rows[13][:6] == ("Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame",
                            "Offset Frame")  # fmt: skip
    assert [row[0] for row in rows[14:]] == ["006", "006", "007", "007"]


def test_subjects_have_the_numbers_of_the_dataset(tmp_path, monkeypatch):
    from dfrnet_keras.datasets.synthetic.layouts import _numbers

    smic = _numbers("smic", 16)
    assert (smic[-1], len(smic)) == (20, 16)
    assert not set(smic) & {7, 10, 16, 17}
    assert _numbers("samm", 4) == [6, 7, 9, 10]
    for part in ("smic", "samm", "casme2"):
        assert len(set(_numbers(part, 200))) == 200


def test_equal_seeds_and_any_number_of_processes_give_equal_frames(tmp_path):
    options = {**SMALL, "edition": "cropped"}
    one = write_layout("smic", tmp_path / "one", **options)
    two = write_layout("smic", tmp_path / "two", **options, jobs=2)
    other = write_layout("smic", tmp_path / "other", **options, seed=1)
    assert files(one) == files(two)
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in files(one))
    assert files(other) != files(one)
    labels = Counter(clip.label for clip in list_dataset("smic", one).clips)
    assert sum(labels.values()) == 4


def test_nothing_is_overwritten_and_nothing_half_written_stays(tmp_path, monkeypatch):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    with pytest.raises(InputError, match="is there and not empty"):
        write_layout("casme2", tmp_path / "full", **SMALL)
    assert files(tmp_path / "full") == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    write_layout("smic", tmp_path / "empty", **SMALL)
    assert len(files(tmp_path / "empty")) == 12

    def fails(*_):
        raise RuntimeError("disk full")

    monkeypatch.setattr("dfrnet_keras.datasets.synthetic.layouts.write_sheet", fails)
    with pytest.raises(RuntimeError):
        write_layout("casme2", tmp_path / "new", **SMALL)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "full"]


def test_a_full_disk_is_named_with_the_folder_that_was_asked_for(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(InputError, match=r"/new cannot be written \(No space left"):
        write_layout("smic", tmp_path / "new", **SMALL)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_may_be_the_current_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_layout("smic", ".", **SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["SMIC_all_raw"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layout": "casme4"}, "The layout is 'casme4'"),
        ({"edition": "small"}, "The edition is 'small'"),
        ({"layout": "samm", "edition": "cropped"}, "SAMM has no cropped edition"),
        ({"frames": 2}, "frames is 2"),
        ({"jobs": 0}, "jobs is 0"),
        ({"subjects": 0}, "subjects is 0"),
    ],
)
def test_bad_options(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        write_layout(**{"layout": "casme2", "out": tmp_path / "out", **options})
    assert list(tmp_path.iterdir()) == []
