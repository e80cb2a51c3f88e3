import pytest

from dfrnet_keras.datasets import MEGC2019_CLASSES, Clip, load_dataset
from dfrnet_keras.datasets.listing import LEFT_OUT
from dfrnet_keras.datasets.smic import read_smic
from dfrnet_keras.errors import InputError


@pytest.fixture
def build(tmp_path, write_frames):
    """Write clips such as `build("s1/micro/negative/s1_ne_01", ...)`."""

    def build(*clips, top="SMIC_all_raw/HS", pattern="image{}.bmp", numbers=(99, 100, 101)):
        for clip in clips:
            write_frames(tmp_path / top / clip, pattern, numbers)
        return tmp_path

    return build


def test_the_complete_dataset_gives_164_clips_of_16_subjects(build):
    people = [number for number in range(1, 21) if number not in (7, 10, 16, 17)]
    clips = []
    groups = (("negative", "ne", 70), ("positive", "po", 51), ("surprise", "sur", 43))
    for label, code, count in groups:
        for index in range(count):
            subject = people[index % 16]
            name = f"s{subject}_{code}_{index // 16 + 1:02d}"
            clips.append(f"s{subject}/micro/{label}/{name}")
    root = build(*clips)
    build("s1/non_micro/s1_non_01", "s2/non_micro/negative/s2_ne_99")
    listing = read_smic(root)
    assert listing.problems == ()
    counts = {name: sum(clip.label == name for clip in listing.clips) for name in MEGC2019_CLASSES}
    assert counts == {"negative": 70, "positive": 51, "surprise": 43}
    assert len(listing.clips) == len({clip.key for clip in listing.clips}) == 164
    assert len({clip.subject for clip in listing.clips}) == 16
    assert load_dataset("smic", root, classes="original") == list(listing.clips)


@pytest.mark.parametrize(
    ("top", "pattern"),
    [
        ("SMIC_all_raw/HS", "image{}.bmp"),
        ("SMIC_all_cropped/HS", "reg_image{}.bmp"),
        ("smic/SMIC_all_cropped/hs", "reg_image{}.bmp"),
    ],
)
def test_a_clip_is_padded_and_goes_from_its_first_to_its_last_frame(build, top, pattern):
    root = build("s3/micro/surprise/s3_sur_02", top=top, pattern=pattern)
    folder = root / top / "s3/micro/surprise/s3_sur_02"
    frames = tuple(folder / pattern.format(number) for number in (99, 100, 101))
    clip = Clip("smic", "s03", "s03_sur_02", frames, 0, None, 2, "surprise")
    assert load_dataset("smic", root) == [clip]
    assert load_dataset("smic", root / top) == [clip]
    assert load_dataset("smic", (root / top).parent) == [clip]


def test_subjects_come_in_the_order_of_their_numbers(build):
    root = build("s11/micro/positive/s11_po_01", "s2/Micro/Positive/S2_PO_01")
    assert [clip.name for clip in load_dataset("smic", root)] == ["s02_po_01", "s11_po_01"]


def test_cameras_and_editions(build):
    build("s1/micro/negative/s1_ne_01")
    build("s1/micro/negative/s1_ne_02", top="SMIC_all_cropped/HS", pattern="reg_image{}.bmp")
    build("s1/micro/negative/s1_ne_03", top="SMIC_all_raw/VIS")
    root = build("s1/micro/negative/s1_ne_04", top="SMIC_all_cropped/NIR")

    def names(folder=root, **options):
        return [clip.name for clip in load_dataset("smic", folder, **options)]

    assert names() == ["s01_ne_01"]
    assert names(edition="cropped") == ["s01_ne_02"]
    assert names(camera="VIS") == ["s01_ne_03"]
    assert names(camera="nir") == ["s01_ne_04"]
    assert names(root / "SMIC_all_raw" / "VIS") == ["s01_ne_03"]
    assert names(root / "SMIC_all_cropped" / "NIR") == ["s01_ne_04"]
    with pytest.raises(InputError, match="no cropped edition of SMIC"):
        names(camera="VIS", edition="cropped")
    with pytest.raises(InputError, match="the camera VIS: choose HS"):
        names(root / "SMIC_all_raw" / "HS", camera="VIS")
    with pytest.raises(InputError, match="camera is 'UV'"):
        names(camera="UV")


def test_clips_that_cannot_be_used_are_named(build):
    build("s18/micro/surprise/s18_sur_03", numbers=())
    build("s18/micro/surprise/s18_sur_04", numbers=(5,))
    build("s18/micro/surprise/s18_sur_05", numbers=(1, 2, 3, 6, 7))
    build("s18/micro/surprise/s18_sur_5", "s18/micro/surprise/extra", "s18/micro/anger/s18_an_01")
    build("s18/micro/surprise/s18_ne_01", "s18/micro/surprise/s19_sur_01")
    root = build("s19/micro/surprise/s19_sur_01")
    listing = read_smic(root)
    assert [clip.name for clip in listing.clips] == ["s18_sur_05", "s19_sur_01"]
    found = {(problem.file.name, problem.what): problem.done for problem in listing.problems}
    assert found == {
        ("anger", "is none of the classes negative, positive, surprise"): "it was passed over",
        ("extra", "its name is not like s1_ne_01"): LEFT_OUT,
        ("s18_ne_01", "its name says negative, it lies in surprise"): LEFT_OUT,
        ("s18_sur_03", "the clip has 0 frame(s) and needs 2"): LEFT_OUT,
        ("s18_sur_04", "the clip has 1 frame(s) and needs 2"): LEFT_OUT,
        ("s18_sur_05", "2 frame(s) missing between 1 and 7"): "the clip was used without them",
        ("s18_sur_5", "the clip is in s18_sur_05 already"): LEFT_OUT,
        ("s19_sur_01", "its name is that of subject 19, it lies in s18"): LEFT_OUT,
    }
    assert listing.left_out == 6


def test_nothing_usable_or_another_dataset(build, tmp_path, write_frames):
    root = build("s1/micro/negative/s1_ne_01", numbers=(1,))
    with pytest.raises(InputError, match=r"No clip of smic can be used: .*s1_ne_01: the clip"):
        load_dataset("smic", root)
    write_frames(tmp_path / "other" / "Cropped" / "sub01" / "EP01_01", "reg_img{}.jpg", (1, 2))
    with pytest.raises(InputError, match="does not hold SMIC, it looks like casme2"):
        load_dataset("smic", tmp_path / "other")
