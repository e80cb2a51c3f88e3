import pytest

from dfrnet_keras.datasets import load_dataset
from dfrnet_keras.datasets.check import check_dataset
from dfrnet_keras.datasets.megc2019 import read_megc2019
from dfrnet_keras.errors import InputError


@pytest.fixture
def build(write_frames, write_casme2_sheet, write_samm_sheet):
    """Write one clip of each dataset into three folders."""

    def build(smic, casme2, samm):
        if smic is not None:
            folder = smic / "SMIC_all_raw/HS/s1/micro/negative/s1_ne_01"
            write_frames(folder, "image{}.bmp", (1, 2, 3))
        if casme2 is not None:
            write_frames(casme2 / "CASME2_RAW_selected/sub01/a", "img{}.jpg", (1, 2, 3))
            sheet = casme2 / "CASME2-coding-20190701.xlsx"
            write_casme2_sheet(sheet, [(1, "a", 1, 2, 3, "happiness")])
        if samm is not None:
            write_frames(samm / "006/006_1_1", "006_{:04d}.jpg", (1, 2, 3))
            sheet = samm / "SAMM_Micro_FACS_Codes_v2.xlsx"
            write_samm_sheet(sheet, [(6, "006_1_1", 1, 2, 3, "Surprise")])

    return build


KEYS = ["smic/s01/s01_ne_01", "casme2/sub01/a", "samm/006/006_1_1"]


@pytest.mark.parametrize(
    "names", [("smic", "casme2", "samm"), ("SMIC", "CASME II", "SAMM"), (".", ".", "."),
              ("SMIC", "CASME2", "."), ("./x", "./y", "./z")]
)  # fmt: skip
def test_one_root_with_a_folder_for_each_or_all_in_one(build, tmp_path, names):
    build(*(tmp_path / name for name in names))
    listing = read_megc2019(tmp_path)
    assert [clip.key for clip in listing.clips] == KEYS
    assert [clip.label for clip in listing.clips] == ["negative", "positive", "surprise"]
    assert listing.problems == ()
    assert load_dataset("megc2019", tmp_path) == list(listing.clips)


def test_three_roots(build, tmp_path, monkeypatch):
    roots = {name: tmp_path / "apart" / name[::-1] for name in ("smic", "casme2", "samm")}
    build(**roots)
    assert [clip.key for clip in read_megc2019(roots).clips] == KEYS
    # Links in one folder, which the environment may name.
    home = tmp_path / "home"
    home.mkdir()
    for name, root in roots.items():
        (home / name).symlink_to(root)
    assert [clip.key for clip in read_megc2019(home).clips] == KEYS
    monkeypatch.setenv("DFR_KERAS_DATA", str(home))
    assert [clip.key for clip in load_dataset("megc2019")] == KEYS
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("DFR_KERAS_DATA", str(tmp_path / "other"))
    with pytest.raises(InputError, match=r"there is no .*megc2019"):
        load_dataset("megc2019")


def test_a_missing_dataset_is_a_problem_and_not_usable(build, tmp_path):
    build(tmp_path / "smic", None, tmp_path / "samm")
    listing = read_megc2019(tmp_path)
    assert [clip.dataset for clip in listing.clips] == ["smic", "samm"]
    assert [problem.done for problem in listing.problems] == ["MEGC 2019 is read without casme2"]
    report = check_dataset("megc2019", tmp_path)
    assert "no clip of casme2 can be used" in report.failure
    listing = read_megc2019({"smic": tmp_path / "smic"})
    assert len(listing.clips) == 1
    assert len(listing.problems) == 2


def test_nothing_there_or_finer_classes(tmp_path):
    with pytest.raises(InputError, match="holds none of smic, casme2, samm"):
        read_megc2019(tmp_path)
    with pytest.raises(InputError, match="megc2019 has no classes of its own"):
        load_dataset("megc2019", tmp_path, classes="original")
    with pytest.raises(InputError, match="three classes alone"):
        read_megc2019(tmp_path, classes="original")
