import cv2
import numpy as np
import pytest

from dfrnet_keras.datasets import Clip, load_dataset
from dfrnet_keras.datasets.flow_folder import read_flow_folder
from dfrnet_keras.errors import InputError


def load_flow_folder(root):
    return list(read_flow_folder(root).clips)


HEADER = "file,dataset,subject,clip,label\n"


def write_folder(root, rows, *, sheet="samples.csv", header=HEADER, maps="maps"):
    """A folder with these csv rows and a picture for each file that a row names plainly."""
    (root / maps).mkdir(parents=True, exist_ok=True)
    for row in rows:
        file = row.split(",")[0]
        if file.endswith(".png") and "/" not in file and "\\" not in file:
            cv2.imwrite(str(root / maps / file), np.zeros((4, 4, 3), np.uint8))
    (root / sheet).write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return root


@pytest.mark.parametrize("maps", ["maps", "."])
def test_clips_are_listed_in_the_order_of_the_csv(tmp_path, maps):
    rows = ["b.png,smic,s02,one,surprise", "a.png,casme2,sub01,one,negative"]
    clips = load_flow_folder(write_folder(tmp_path, rows, maps=maps))
    assert clips == [
        Clip("smic", "s02", "one", (tmp_path / maps / "b.png",), 0, None, 0, "surprise"),
        Clip("casme2", "sub01", "one", (tmp_path / maps / "a.png",), 0, None, 0, "negative"),
    ]


def test_any_only_csv_with_byte_order_mark_blanks_and_more_columns(tmp_path):
    rows = ["a.png, d ,s,c,negative,something else"]
    header = "\ufefffile,dataset,subject,clip,label,notes\n"
    clips = load_flow_folder(write_folder(tmp_path, rows, sheet="list.csv", header=header))
    assert [clip.key for clip in clips] == ["d/s/c"]


def test_same_clip_name_of_another_subject_is_another_clip(tmp_path):
    rows = ["a.png,d,s1,c,negative", "b.png,d,s2,c,negative", "c.png,e,s1,c,negative"]
    assert len(load_flow_folder(write_folder(tmp_path, rows))) == 3


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("missing/x.png,d,s,c,negative", "line 3: the file 'missing/x.png' is neither in"),
        ("../x.png,d,s,c,negative", "may lie outside"),
        ("maps/../../x.png,d,s,c,negative", "may lie outside"),
        ("/etc/passwd,d,s,c,negative", "may lie outside"),
        ("C:\\x.png,d,s,c,negative", "may lie outside"),
        ("..\\x.png,d,s,c,negative", "may lie outside"),
        ("x\x01.png,d,s,c,negative", "may lie outside"),
        ("x.png,d,s,c,angry", "the label 'angry' is unknown; use one of negative, positive"),
        ("x.png,d,s0,c0,negative", "d/s0/c0 is already listed on line 2"),
        ("x.png,d,,c,negative", "the field subject is empty"),
        ("x.png, ,s,c,negative", "the field dataset is empty"),
        (",d,s,c,negative", "the field file is empty"),
        ("x.png,d,s", "the field clip is empty"),
        ("x.png,d,../../s,c,negative", "cannot be a name"),
        ("x.png,..,s,c,negative", "cannot be a name"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_with_its_line(tmp_path, row, message):
    write_folder(tmp_path, ["a.png,d,s0,c0,negative", row])
    with pytest.raises(InputError) as error:
        load_flow_folder(tmp_path)
    assert message in str(error.value)
    assert f"{tmp_path / 'samples.csv'}, line 3" in str(error.value)


def test_a_link_that_leaves_the_folder_is_refused(tmp_path):
    outside = tmp_path / "outside.png"
    cv2.imwrite(str(outside), np.zeros((4, 4, 3), np.uint8))
    root = write_folder(tmp_path / "root", ["in.png,d,s,a,negative", "out.png,d,s,b,negative"])
    (root / "maps" / "out.png").unlink()
    (root / "maps" / "out.png").symlink_to(root / "maps" / "in.png")
    assert len(load_flow_folder(root)) == 2
    (root / "maps" / "out.png").unlink()
    (root / "maps" / "out.png").symlink_to(root / "gone.png")
    with pytest.raises(InputError, match=r"out\.png is a link to a file that is not there"):
        load_flow_folder(root)
    (root / "maps" / "out.png").unlink()
    (root / "maps" / "out.png").symlink_to(outside)
    with pytest.raises(InputError, match=r"line 3: the file 'out\.png' is a link that leaves"):
        load_flow_folder(root)


def test_a_folder_behind_a_link_is_read(tmp_path):
    root = write_folder(tmp_path / "root", ["a.png,d,s,c,negative"])
    (tmp_path / "link").symlink_to(root)
    assert len(load_flow_folder(tmp_path / "link")) == 1


def test_a_csv_that_cannot_be_used_is_refused(tmp_path):
    with pytest.raises(InputError, match="is not a folder"):
        load_flow_folder(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no csv file"):
        load_flow_folder(tmp_path)
    sheet = tmp_path / "list.csv"
    sheet.write_text("file,subject,clip\n")
    with pytest.raises(InputError, match="lacks the column dataset, label"):
        load_flow_folder(tmp_path)
    sheet.write_text("")
    with pytest.raises(InputError, match="lacks the column"):
        load_flow_folder(tmp_path)
    sheet.write_text(HEADER)
    with pytest.raises(InputError, match="lists no clip"):
        load_flow_folder(tmp_path)
    sheet.write_bytes(HEADER.encode() + b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is not a readable csv"):
        load_flow_folder(tmp_path)
    (tmp_path / "other.csv").write_text(HEADER)
    with pytest.raises(InputError, match="several csv files"):
        load_flow_folder(tmp_path)


def test_load_dataset_finds_the_folder_or_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.delenv("DFR_KERAS_DATA", raising=False)
    with pytest.raises(InputError, match="DFR_KERAS_DATA is not set"):
        load_dataset("flow-folder")
    monkeypatch.setenv("DFR_KERAS_DATA", str(tmp_path))
    with pytest.raises(InputError, match=r"there is no .*flow-folder: name the dataset's folder"):
        load_dataset("flow-folder")
    write_folder(tmp_path / "flow-folder", ["a.png,d,s,c,negative"])
    assert len(load_dataset("flow-folder")) == 1
    assert load_dataset("flow-folder", tmp_path / "flow-folder") == load_dataset("flow-folder")
    with pytest.raises(InputError, match="is 'casme9': choose one of 4dme, casme, casme2, "):
        load_dataset("casme9")
    with pytest.raises(InputError, match="has no five classes that papers agree on"):
        load_dataset("flow-folder", classes="five")


PEOPLE = [
    (["1", "01"], ["01", "01"]),
    (["01", "1.0", "001"], ["001"] * 3),
    (["s1", "S01", "s01"], ["S01"] * 3),
    (["sub-1", "sub01", "2"], ["sub-1", "sub-1", "2"]),
    (["1", "s01"], ["s01", "s01"]),
    (["1", "s01", "p1"], ["1", "s01", "p1"]),  # two prefixes: whose 1 it is cannot be known
    (["1", "10", "11", "100"], ["1", "10", "11", "100"]),
    (["a1", "b1", "a1b", "1.2", "12"], ["a1", "b1", "a1b", "1.2", "12"]),
    (["0", "00"], ["00", "00"]),
    (["Anna", "anna"], ["Anna", "Anna"]),
]


@pytest.mark.parametrize(("written", "people"), PEOPLE)
def test_a_person_has_one_name(tmp_path, written, people):
    rows = [f"{n}.png,casme2,{subject},c{n},negative" for n, subject in enumerate(written)]
    listing = read_flow_folder(write_folder(tmp_path, rows))
    assert [clip.subject for clip in listing.clips] == people
    several = len(people) - len(set(people)) > 0
    assert len(listing.problems) == several
    if several:
        assert "of casme2 differ in spelling alone; taken for one, " in str(listing.problems[0])
        with pytest.warns(UserWarning, match="taken for one"):
            load_dataset("flow-folder", tmp_path)


def test_equal_numbers_in_two_datasets_are_two_people(tmp_path):
    rows = ["a.png,casme2,1,c,negative", "b.png,samm,01,c,negative"]
    listing = read_flow_folder(write_folder(tmp_path, rows))
    assert [clip.key for clip in listing.clips] == ["casme2/1/c", "samm/01/c"]
    assert listing.problems == ()


def test_a_dataset_has_one_name(tmp_path):
    rows = ["a.png,CASME 2,1,c,negative", "b.png,casme2,01,d,negative", "c.png,smic,1,c,positive"]
    listing = read_flow_folder(write_folder(tmp_path, rows))
    assert [clip.key for clip in listing.clips] == ["CASME 2/01/c", "CASME 2/01/d", "smic/1/c"]
    assert len(listing.problems) == 2


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("b.png,d,01,c1,negative", "line 3: d/01/c1 is already listed on line 2 as d/01/c01"),
        ("b.png,d,01,C01,negative", "d/01/C01 is already listed on line 2 as d/01/c01"),
        ("a.png,d,02,c02,negative", "line 3: the file a.png is already listed on line 2"),
    ],
)
def test_a_clip_listed_twice_is_refused(tmp_path, row, message):
    write_folder(tmp_path, ["a.png,d,1,c01,negative", row])
    with pytest.raises(InputError, match=message):
        read_flow_folder(tmp_path)


def test_left_overs_are_no_list(tmp_path):
    write_folder(tmp_path, ["a.png,d,s,c,negative"], sheet="list.csv")
    (tmp_path / "._list.csv").write_bytes(b"x")
    assert len(load_flow_folder(tmp_path)) == 1
