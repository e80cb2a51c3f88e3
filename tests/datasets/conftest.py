"""Writes folders and sheets by hand, as the datasets are distributed, with tiny frames."""

import cv2
import numpy as np
import openpyxl
import pytest

CASME2_HEADER = (
    "Subject",
    "Filename",
    None,
    "OnsetFrame",
    "ApexFrame",
    "OffsetFrame",
    None,
    "Action Units",
    "Estimated Emotion",
)
CASME2_SHEET = "CASME2-coding-20140508.xlsx"
SAMM_HEADER = (
    "Subject",
    "Filename",
    "Inducement Code",
    "Onset Frame",
    "Apex Frame",
    "Offset Frame",
    "Duration",
    "Micro",
    "Action Units",
    "Estimated Emotion",
    "Objective Classes",
    "Notes",
)


@pytest.fixture(scope="session")
def pictures():
    """Bytes of a small picture in each format."""
    image = np.full((4, 4, 3), 90, np.uint8)
    return {suffix: cv2.imencode(suffix, image)[1].tobytes() for suffix in (".jpg", ".bmp", ".png")}


@pytest.fixture
def write_frames(pictures):
    """Write a picture for each number: `write_frames(folder, "img{}.jpg", range(3, 9))`."""

    def write(folder, pattern, numbers):
        folder.mkdir(parents=True, exist_ok=True)
        for number in numbers:
            path = folder / pattern.format(number)
            path.write_bytes(pictures[path.suffix])

    return write


@pytest.fixture
def write_casme2_sheet():
    """Write rows of (subject, name, onset, apex, offset, emotion) below CASME II's header."""

    def write(path, rows, header=CASME2_HEADER):
        path.parent.mkdir(parents=True, exist_ok=True)
        book = openpyxl.Workbook()
        book.active.append(header)
        for subject, name, onset, apex, offset, emotion in rows:
            book.active.append([subject, name, None, onset, apex, offset, None, 4, emotion])
        book.save(path)

    return write


@pytest.fixture
def write_samm_sheet():
    """Write rows like those above below SAMM's notes and header, the second of two worksheets."""

    def write(path, rows, header=SAMM_HEADER, notes=13):
        path.parent.mkdir(parents=True, exist_ok=True)
        book = openpyxl.Workbook()
        book.active.title = "About"
        book.active.append(["nothing of use"])
        sheet = book.create_sheet("MICRO_ONLY")
        for number in range(notes):
            # A blank row among the notes must not shift the numbers of rows.
            if number != 4:
                sheet.cell(number + 1, 1, f"note {number}: Subject, Filename")
        for place, cells in enumerate(
            [
                header,
                *(
                    (subject, name, 1, onset, apex, offset, 1, "1/2", "4", emotion, 1, None)
                    for subject, name, onset, apex, offset, emotion in rows
                ),
            ],
            start=notes + 1,
        ):
            for column, value in enumerate(cells, start=1):
                if value is not None:
                    sheet.cell(place, column, value)
        book.save(path)

    return write


@pytest.fixture
def build_casme2(tmp_path, write_frames, write_casme2_sheet):
    """Write a dataset of rows (subject, name, onset, apex, offset, emotion, *frame numbers)."""

    def build(
        *rows, root=tmp_path, sheet=CASME2_SHEET, top="CASME2_RAW_selected", pattern="img{}.jpg"
    ):
        for subject, name, *_, numbers in rows:
            if numbers is not None:
                write_frames(root / top / f"sub{int(subject):02d}" / name, pattern, numbers)
        write_casme2_sheet(root / sheet, [row[:6] for row in rows])
        return root

    return build
