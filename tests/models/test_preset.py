"""The preset in the package, and what is refused."""

import json
import shutil

import numpy as np
import pytest

from dfrnet_keras.datasets.clip import MEGC2019_CLASSES
from dfrnet_keras.datasets.synthetic.unit_maps import KINDS, draw_unit_maps
from dfrnet_keras.errors import InputError
from dfrnet_keras.models import DFRNet, Preset, list_presets
from dfrnet_keras.models.preset import CARD, TFLITE, WEIGHTS, preset_folder, write_preset
from dfrnet_keras.models.preset_network import PresetNetwork

SHIPPED = "drawn-units"
CARD_OF_A_SMALL_ONE = {
    "classes": list(MEGC2019_CLASSES), "units": [1, 12], "training": {"members": 1},
    "temperatures": [1.0, 2.0], "thresholds": {"pixels": 0.5, "bytes": 0.6},
}  # fmt: skip


@pytest.fixture(scope="module")
def shipped():
    return Preset(SHIPPED)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A network that nothing was taught, in the folder of a preset."""
    networks = [PresetNetwork(units=2, members=1, flow_range=flow_range)
                for flow_range in ("pixels", "bytes")]  # fmt: skip
    folder = tmp_path_factory.mktemp("presets") / "small"
    return write_preset(folder, networks, CARD_OF_A_SMALL_ONE, {TFLITE: b"nothing"})


@pytest.fixture
def copy(small, tmp_path):
    return shutil.copytree(small, tmp_path / "copy")


def test_the_shipped_one_knows_drawn_people_it_never_saw(shipped):
    maps = draw_unit_maps(160, seed=77, source="rendered", free=0.0, peak=(1.5, 5.0))
    answers = shipped.predict(maps.flow)
    moving = maps.kinds == "expression"
    labels = np.array([answer.label for answer in answers], object)
    assert (labels[moving] != None).mean() > 0.9  # noqa: E711 - an array of labels
    assert (labels[~moving] == None).mean() > 0.9  # noqa: E711
    right = labels[moving] == np.array(MEGC2019_CLASSES)[maps.labels[moving]]
    assert right.mean() > 0.85
    # Lip corners are the units of drawn smiles, on the side that moves.
    place = shipped.units.index("AU12")
    smiles = np.flatnonzero(maps.units[:, place].min(1) < 0.4 * maps.units[:, place].max(1))
    assert len(smiles) > 2
    sides = np.array([answers[clip].units["AU12"] for clip in smiles])
    assert (sides.argmax(1) == maps.units[smiles, place].argmax(1)).mean() > 0.8


def test_the_answers_of_the_shipped_one_are_held(shipped):
    maps = draw_unit_maps(3, seed=5, source="hills", kinds=("expression",))
    answers = shipped.predict(maps.flow)
    expected = json.loads((preset_folder(SHIPPED) / CARD).read_text())["held"]
    for answer, chances, movement in zip(answers, expected["probabilities"], expected["movement"],
                                         strict=True):  # fmt: skip
        np.testing.assert_allclose(list(answer.probabilities.values()), chances, atol=0.02)
        assert answer.movement == pytest.approx(movement[0], abs=0.02)


@pytest.mark.parametrize("flow_range", ["pixels", "bytes"])
def test_a_still_map_has_no_label(flow_range):
    preset = Preset(SHIPPED, flow_range=flow_range)
    (answer,) = preset.predict(np.full((1, 28, 28, 3), 127 * (flow_range == "bytes")))
    assert answer.label is None
    assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-5)


def test_larger_maps_are_averaged_down(shipped):
    maps = draw_unit_maps(4, seed=6, source="rendered").flow
    larger = np.repeat(np.repeat(maps, 2, 1), 2, 2) * [2, 2, 1]  # twice as wide: twice the pixels
    expected, found = shipped.predict(maps), Preset(SHIPPED, input_size=56).predict(larger)
    for one, other in zip(expected, found, strict=True):
        assert one.movement == pytest.approx(other.movement, abs=1e-3)
        assert one.label == other.label


def test_from_preset_gives_the_network(shipped):
    network = DFRNet.from_preset(SHIPPED)
    assert set(network.output) == {"probabilities", "movement", "units"}
    for ours, theirs in zip(network.get_weights(), shipped.network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_network_of_bytes_has_members_of_its_own_for_classes(small):
    maps = np.random.default_rng(0).normal(size=(2, 28, 28, 3))
    pixels, in_bytes = (
        Preset(small, flow_range=name).predict(maps) for name in ("pixels", "bytes")
    )
    for one, other in zip(pixels, in_bytes, strict=True):
        assert one.probabilities != pytest.approx(other.probabilities, abs=1e-3)
        np.testing.assert_allclose(list(one.units.values()), list(other.units.values()), atol=1e-6)


def test_the_folder_holds_weights_a_tflite_file_a_card_and_the_notice():
    assert SHIPPED in list_presets()
    folder = preset_folder(SHIPPED)
    assert {file.name for file in folder.iterdir()} == {
        WEIGHTS, TFLITE, CARD, "card.md", "NOTICE.txt",
    }  # fmt: skip
    assert sum(file.stat().st_size for file in folder.iterdir()) < 6e6
    assert "lie detection" in (folder / "card.md").read_text()
    assert "USC Institute for Creative Technologies" in (folder / "NOTICE.txt").read_text()


def test_the_tflite_file_agrees_with_the_network(shipped):
    from dfrnet_keras.tflite import Predictor

    runtime = Predictor(preset_folder(SHIPPED) / TFLITE)
    maps = draw_unit_maps(40, seed=8, source="rendered", kinds=("expression",), free=0.0).flow
    for flow, expected in zip(maps, shipped.predict(maps), strict=True):
        answer = runtime.predict_maps(flow=flow)
        np.testing.assert_allclose(
            list(answer.probabilities.values()), list(expected.probabilities.values()), atol=0.1
        )
        assert answer.movement == pytest.approx(expected.movement, abs=0.2)
        np.testing.assert_allclose(
            list(answer.units.values()), list(expected.units.values()), atol=0.25
        )


def test_a_small_one_is_read_as_it_was_written(small):
    preset = Preset(small)
    assert preset.units == ("AU1", "AU12")
    again = Preset(small).predict(np.ones((2, 28, 28, 3)))
    assert again == preset.predict(np.ones((2, 28, 28, 3)))
    assert len(again[0].strongest(1, least=0)) == 1


def test_an_unknown_name_lists_those_that_exist():
    with pytest.raises(InputError, match=f"no preset hills: give one of .*{SHIPPED}"):
        DFRNet.from_preset("hills")


@pytest.mark.parametrize("name", [WEIGHTS, CARD])
def test_a_damaged_file_is_refused(copy, name):
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 255
    (copy / name).write_bytes(content)
    with pytest.raises(InputError, match=f"{name} is damaged"):
        Preset(copy)


def test_a_missing_file_is_refused(copy):
    (copy / WEIGHTS).unlink()
    with pytest.raises(InputError, match="cannot be read"):
        Preset(copy)


def test_other_maps_are_refused(small):
    with pytest.raises(InputError, match=r"give \(clips, 28, 28, 3\)"):
        Preset(small).predict(np.zeros((1, 32, 32, 3)))
    with pytest.raises(InputError, match="no numbers"):
        Preset(small).predict(np.full((1, 28, 28, 3), np.nan))
    with pytest.raises(InputError, match="multiple of 28"):
        Preset(small, input_size=30)


def test_kinds_and_sources_are_those_of_the_card(shipped):
    assert shipped.classes == MEGC2019_CLASSES
    assert "expression" in KINDS
    assert len(shipped.units) == 16
