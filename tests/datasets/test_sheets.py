"""Annotation sheets as they are distributed and as people pass them on."""

import csv

import openpyxl
import pytest

from dfrnet_keras.datasets.annotation import number
from dfrnet_keras.datasets.casme2 import read_casme2
from dfrnet_keras.datasets.sheets import read_sheet
from dfrnet_keras.errors import InputError

SHEET = "CASME2-coding-20140508.xlsx"


@pytest.fixture
def root(build_casme2):
    """Nine clips of three subjects: onset 118, apex 126, offset 137 of frames 115 to 140."""
    return build_casme2(
        *[(f"{subject:02d}", f"EP0{clip}_9", 118, 126, 137, emotion, range(115, 141))
          for subject in (1, 2, 3)
          for clip, emotion in ((1, "disgust"), (2, "happiness"), (3, "surprise"))]
    )  # fmt: skip


@pytest.fixture
def edit(root):
    """Change the worksheet by a function and save the book: `edit(lambda sheet: ...)`."""

    def edit(change, path=None):
        book = openpyxl.load_workbook(root / SHEET)
        change(book.active)
        book.save(path or root / SHEET)

    return edit


def assert_read_as_written(root):
    listing = read_casme2(root)
    assert listing.problems == ()
    assert [clip.subject for clip in listing.clips] == ["sub01"] * 3 + ["sub02"] * 3 + ["sub03"] * 3
    assert {(clip.onset, clip.apex, clip.offset) for clip in listing.clips} == {(3, 11, 22)}
    assert [clip.label for clip in listing.clips] == ["negative", "positive", "surprise"] * 3


def each_row(column, value):
    def change(sheet):
        for row in range(2, 11):
            sheet.cell(row, column).value = value(sheet.cell(row, column).value)

    return change


@pytest.mark.parametrize("written", ["{}.0", "{},0", " {} ", "'{}", "{}.", "{}.000"])
def test_frame_numbers_stored_as_text(root, edit, written):
    for column in (4, 5, 6):
        edit(each_row(column, lambda value: written.format(value)))
    assert_read_as_written(root)


@pytest.mark.parametrize(
    ("cell", "value"),
    [("118", 118), ("118.0", 118), ("118.5", None), ("/", None), ("", None), ("-1", None),
     ("1.180", None), ("1e2", None), ("٣", None), ("#REF!", None)],
)  # fmt: skip
def test_what_counts_as_a_frame_number(cell, value):
    assert number(cell) == value


@pytest.mark.parametrize(
    "written", ["{:d}", "{:d}.0", "S{:d}", "s{:02d}", "sub{:02d}", "Sub {:d}", "Subject {:d}"]
)
def test_subjects_as_people_write_them(root, edit, written):
    edit(each_row(1, lambda value: written.format(int(value))))
    assert_read_as_written(root)


def test_merged_cells_belong_to_each_of_their_rows(root, edit):
    def merge(sheet):
        for cells in ("A2:A4", "A5:A7", "A8:A10", "D2:D10", "F5:F6"):
            sheet.merge_cells(cells)

    edit(merge)
    assert_read_as_written(root)


def test_an_empty_cell_that_is_not_merged_stays_empty(root, edit):
    def change(sheet):
        sheet.merge_cells("A2:A3")
        sheet["A4"].value = None

    edit(change)
    listing = read_casme2(root)
    assert len(listing.clips) == 8
    assert [(problem.row, problem.what) for problem in listing.problems] == [
        (4, "the field Subject is empty"),
        (None, "no row of the sheet names it"),
    ]


@pytest.mark.parametrize(
    ("column", "name"), [(1, "Subject"), (4, "Onset Frame"), (5, "Apex Frame")]
)
def test_formulas_without_a_value_are_named(root, edit, column, name):
    def change(sheet):
        sheet.cell(6, column).value = "=F6-8"

    edit(change)
    with pytest.raises(InputError, match=rf"{SHEET}, row 6: the cell of {name} holds a formula"):
        read_casme2(root)


def test_rows_of_formulas_alone_are_no_empty_rows(root, edit):
    def change(sheet):
        for row in range(2, 11):
            for column in range(1, 10):
                sheet.cell(row, column).value = "=Z1"

    edit(change)
    with pytest.raises(InputError, match="row 2: the cell of Subject holds a formula"):
        read_casme2(root)


def test_formulas_in_other_columns_do_not_matter(root, edit):
    edit(each_row(8, lambda value: "=1+1"))
    assert_read_as_written(root)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_sheet_saved_as_csv(root, delimiter, encoding):
    rows = list(openpyxl.load_workbook(root / SHEET).active.values)
    rows[1] = (*rows[1][:2], "Größe", *rows[1][3:])
    path = (root / SHEET).with_suffix(".csv")
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    (root / SHEET).unlink()
    assert_read_as_written(root)
    assert read_casme2(root).sheets == (path,)


def test_the_distributed_sheet_comes_before_its_csv(root, edit):
    (root / "CASME2-coding-20140508.csv").write_text("Subject,Filename\n")
    (problem,) = read_casme2(root).problems
    assert problem.file.name == "CASME2-coding-20140508.csv"
    assert read_casme2(root).sheets == (root / SHEET,)


@pytest.mark.parametrize("suffix", [".xls", ".ods"])
def test_a_format_that_is_not_read_is_named(root, suffix):
    (root / SHEET).rename((root / SHEET).with_suffix(suffix))
    (root / "notes.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=rf"20140508\{suffix} is there, save it as \.xlsx"):
        read_casme2(root)


def test_a_sheet_that_cannot_be_used_is_named(root, write_casme2_sheet):
    write_casme2_sheet(root / SHEET, [], ("Subject", "Filename", "OnsetFrame", "OffsetFrame"))
    with pytest.raises(InputError, match=f"{SHEET} lacks the column Apex Frame, Estimated Emotion"):
        read_casme2(root)
    (root / SHEET).write_bytes(b"PK\x03\x04 not a zip")
    with pytest.raises(InputError, match=f"{SHEET} is not a readable xlsx"):
        read_casme2(root)
    (root / SHEET).unlink()
    with pytest.raises(InputError, match="frames of CASME II and no annotation sheet"):
        read_casme2(root)
    write_casme2_sheet(root / "renamed.xlsx", [("01", "EP01_9", 118, 126, 137, "disgust")])
    assert len(read_casme2(root).clips) == 1


def test_wrong_sizes_noted_in_a_sheet_do_not_hide_rows(root, edit):
    def change(sheet):
        # Thousands of formatted empty rows, as some programs leave them behind.
        sheet.cell(5000, 1).number_format = "0.00"

    edit(change)
    assert_read_as_written(root)


def test_rows_keep_the_numbers_of_the_sheet(root):
    rows = read_sheet(root / SHEET, ["Subject", "Onset Frame"])
    assert [row.number for row in rows] == list(range(2, 11))
    assert rows[0].cells == {"Subject": "01", "Onset Frame": "118"}


def test_columns_that_may_be_missing(root):
    rows = read_sheet(root / SHEET, ["Subject"], optional=["Onset Frame", "Remarks"])
    assert rows[0].cells == {"Remarks": "", "Subject": "01", "Onset Frame": "118"}
