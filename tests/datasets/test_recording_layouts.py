"""Recordings in the layouts of CAS(ME)^2 and SAMM Long Videos, written and read back."""

import openpyxl
import pytest

from dfrnet_keras.datasets.recording import list_recordings, load_recordings
from dfrnet_keras.datasets.synthetic.recording_layouts import write_recordings
from dfrnet_keras.datasets.synthetic.recordings import draw_recording
from dfrnet_keras.errors import InputError
from dfrnet_keras.frames import iterate_frames

RATES = {"casme-squared": 30.0, "samm-lv": 200.0}
SHEETS = {
    "casme-squared": ("CAS(ME)^2code_final.xlsx", "CASFEcode_final", 3),
    "samm-lv": ("SAMM_LongVideos_V1_Release.xlsx", "FACS_Movement_Only", 4),
}
OPTIONS = {"seconds": 4.0, "size": (96, 72), "micro": 30, "macro": 0, "happenings": ()}


@pytest.fixture(params=RATES)
def layout(request):
    return request.param


@pytest.fixture
def root(tmp_path, layout):
    return write_recordings(layout, tmp_path / "d", subjects=2, recordings=2, seed=3, **OPTIONS)


def edit(root, layout, row, column, value):
    """Change a cell of the sheet, counted from the first row with an expression."""
    name, title, first = SHEETS[layout]
    book = openpyxl.load_workbook(root / name)
    sheet = book[title]
    sheet.cell((11 if layout == "samm-lv" else 1) + row, first + column, value)
    book.save(root / name)


def test_truth_comes_back(root, layout):
    found = load_recordings(layout, root)
    assert len(found) == 4
    assert len({recording.subject for recording in found}) == 2
    for number, recording in enumerate(found):
        subject, place = divmod(number, 2)
        options = {name: value for name, value in OPTIONS.items() if name != "seconds"}
        drawn = draw_recording(
            (3, subject + 1, place), 4.0, RATES[layout], person=(3, subject + 1, 30), **options
        )
        assert recording.frame_rate == RATES[layout]
        assert recording.count == drawn.count == len(recording.frames())
        truth = [(one.onset, one.apex, one.offset, one.kind, one.label) for one in drawn.intervals]
        read = [
            (one.onset, one.apex, one.offset, one.kind, one.label) for one in recording.intervals
        ]
        assert read == truth
        picture = next(iterate_frames(recording.frames(), [7]))
        gap = picture.astype(int)[..., 1] - drawn.frame(7)[..., 1]
        assert abs(gap).mean() < 1


def test_offset_that_was_not_seen_and_fractions(root, layout):
    before = load_recordings(layout, root)[0].intervals[0]
    edit(root, layout, 0, 2, 0)
    edit(root, layout, 1, 0, 9.5)
    found = list_recordings(layout, root)
    first, second = found.recordings[0].intervals[:2]
    by_place = {first.offset: first, second.offset: second}
    assert by_place[before.apex].onset == before.onset  # the apex stands for the offset
    assert 9 in (first.onset, second.onset)  # frame 9.5 is frame 10, index 9
    assert "was not seen" in str(found.problems[0])
    assert found.problems[0].row == (11 if layout == "samm-lv" else 1)


def test_what_cannot_be_used_is_named(root, layout):
    edit(root, layout, 0, 0, "?")
    edit(root, layout, 1, 1, 10**6)
    found = list_recordings(layout, root)
    assert sum(len(recording.intervals) for recording in found.recordings) == 7
    assert "is not a frame number" in str(found.problems[0])
    assert "the apex 1000000 lies outside" in str(found.problems[1])
    with pytest.warns(UserWarning, match="1 expression"):
        load_recordings(layout, root)


def test_missing_recording_is_named(root, layout):
    source = load_recordings(layout, root)[0].source
    source.rename(root.parent / "elsewhere")
    found = list_recordings(layout, root)
    assert len(found.recordings) == 3
    assert "there is no recording" in str(found.problems[0])


def test_without_sheet_or_frames(root, layout, tmp_path):
    (root / SHEETS[layout][0]).unlink()
    with pytest.raises(InputError, match="no annotation sheet"):
        load_recordings(layout, root)
    (tmp_path / "e").mkdir()
    with pytest.raises(InputError, match="is empty"):
        load_recordings(layout, tmp_path / "e")
    other = {"casme-squared": "samm-lv", "samm-lv": "casme-squared"}[layout]
    with pytest.raises(InputError, match=f"looks like {layout}"):
        load_recordings(other, root)
    with pytest.raises(InputError, match="has no long recordings"):
        load_recordings("casme2", root)


def test_recordings_of_casme_squared_may_be_videos(tmp_path):
    from dfrnet_keras.datasets.synthetic.recordings import write_video

    root = write_recordings("casme-squared", tmp_path / "d", subjects=1, seed=3, **OPTIONS)
    pictures = load_recordings("casme-squared", root)[0]
    drawn = draw_recording(1, 4.0, 30.0, size=(96, 72), micro=0, macro=0, happenings=())
    write_video(drawn, root / "rawvideo" / "s15" / f"{pictures.name}.avi")
    assert load_recordings("casme-squared", root)[0].source == pictures.source
    (root / "rawpic").rename(tmp_path / "elsewhere")
    (video,) = load_recordings("casme-squared", root)
    assert video.source.suffix == ".avi"
    assert video.intervals == pictures.intervals
    assert video.count == 120


def test_impossible_options(tmp_path):
    for options, sentence in (
        ({"layout": "smic"}, "layout is .smic."),
        ({"recordings": 10}, "1 to 9"),
        ({"jobs": 0}, "one per processor"),
        ({"seconds": 1.0, "micro": 400}, "do not fit"),
    ):
        with pytest.raises(InputError, match=sentence):
            write_recordings(**{"layout": "samm-lv", "out": tmp_path / "d", **options})
    assert not (tmp_path / "d").exists()
