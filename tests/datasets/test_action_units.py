import pytest

from dfrnet_keras.datasets.action_units import parse_action_units, unit_number

CELLS = {
    "4+7": ("4", "7"),
    "12": ("12",),
    "L12": ("L12",),
    "R14A + 4b": ("R14A", "4B"),
    "AU1, AU2": ("1", "2"),
    "1\uff0c2": ("1", "2"),
    "12R": ("R12",),
    "04+4": ("4",),
    # What the coder doubted.
    "4+17?": ("4",),
    "12 or 14": None,
    "4(k)+9": ("9",),
    "": None,
    "/": None,
}


@pytest.mark.parametrize("cell", CELLS)
def test_cells_as_distributed(cell):
    assert parse_action_units(cell) == CELLS[cell]


def test_numbers():
    assert [unit_number(unit) for unit in ("4", "R14A", "AU12")] == [4, 14, 12]
    with pytest.raises(ValueError, match="no action unit"):
        unit_number("smile")
