import json

import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.features import Preparation, extract_clip, preparation

OLD = {"size": 28, "flow_method": "dis"}


def test_what_a_file_leaves_out_has_the_value_it_had():
    assert Preparation.from_settings(OLD) == Preparation(
        size=28, flow_method="dis", strain_cross_term=False, remove_global_motion=False,
        crop="auto", apex="annotated", spotter="flow", flow_range="pixels",
    )  # fmt: skip
    assert Preparation.from_settings({**OLD, "version": "0.1.0"}) == Preparation.from_settings(OLD)


@pytest.mark.parametrize("how", [Preparation(), Preparation(size=32, apex="dcrois", crop="face"),
                                 Preparation(size=28, flow_range="bytes"),
                                 Preparation(face_finder="landmarks"),
                                 Preparation(flow_method="dis", flow_range="bytes")])  # fmt: skip
def test_it_is_read_back(how):
    assert Preparation.from_settings(json.loads(json.dumps(how.as_dict()))) == how


def test_of_ready_made_maps_only_what_is_known_is_written():
    assert Preparation(size=28, flow_range="bytes").as_dict() == {"size": 28, "flow_range": "bytes"}


def test_a_method_for_every_apex_is_the_one_that_spots():
    assert Preparation(apex="midpoint", spotter="flow").spotter == "midpoint"


def test_an_entry_of_a_later_version_is_named():
    with pytest.warns(UserWarning, match="made with hair_style, which this version does not know"):
        assert Preparation.from_settings({**OLD, "hair_style": "long"}).size == 28


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"flow_method": "guess"}, "flow_method is 'guess': choose one of tvl1"),
        ({"flow_method": None}, "flow_method is None"),
        ({"crop": "faces"}, "crop is 'faces'"),
        ({"apex": "eye"}, "apex is 'eye'"),
        ({"spotter": "eye"}, "spotter is 'eye'"),
        ({"flow_range": "metres"}, "flow_range is 'metres'"),
        ({"face_finder": "eye"}, "face_finder is 'eye': choose one of cascades, landmarks"),
        ({"size": 1}, "size is 1: give the width of the maps, 2 or more"),
        ({"size": "28"}, "size is '28'"),
        ({"strain_cross_term": "no"}, "strain_cross_term is 'no': give True or False"),
    ],
)
def test_bad_values_are_named(settings, message):
    with pytest.raises(InputError, match=message):
        Preparation.from_settings(settings)


def test_a_prediction_cuts_faces_out_if_the_training_did():
    for crop, expected in (("face", "face"), ("none", "auto"), ("auto", "auto")):
        assert Preparation(crop=crop).for_prediction().crop == expected
    how = Preparation(apex="dcrois").for_prediction()
    assert how.spotter == "dcrois"
    how = Preparation(apex="dcrois").for_prediction(crop="none", spotter="midpoint")
    assert (how.crop, how.spotter) == ("none", "midpoint")


def test_its_options_are_those_of_extract_clip():
    frames = np.random.default_rng(0).integers(0, 256, (3, 40, 40), np.uint8)
    made = extract_clip(frames, **Preparation(size=28, flow_method="dis", crop="none").options)
    assert made.features.flow.shape == (28, 28, 3)


def test_cascades_are_not_written_down():
    """They were the only way: stores and files from then are those of now."""
    for how in (Preparation(), Preparation(size=28, flow_range="bytes")):
        assert "face_finder" not in how.as_dict()
        assert "face_finder" not in how.options
    assert Preparation(face_finder="landmarks").options["face_finder"] == "landmarks"


@pytest.mark.parametrize("available", [True, False])
def test_a_prediction_finds_faces_as_the_training_did(monkeypatch, available, recwarn):
    monkeypatch.setattr(preparation, "landmarks_available", lambda: available)
    best = "landmarks" if available else "cascades"
    assert Preparation(crop="face").for_prediction().face_finder == "cascades"
    assert Preparation(crop="auto").for_prediction().face_finder == "cascades"
    # Nothing was found in the training: the faces came cut out, were drawn, or are ready-made maps.
    assert Preparation(crop="none").for_prediction().face_finder == best
    assert Preparation(crop="auto").for_prediction(finder_is_free=True).face_finder == best
    assert not recwarn.list
    how = Preparation(crop="face", face_finder="landmarks")
    assert how.for_prediction(face_finder="cascades").face_finder == "cascades"
    assert how.for_prediction().face_finder == best
    notes = [str(note.message) for note in recwarn.list]
    assert len(notes) == (0 if available else 1)
    assert all("landmarks placed, which are not installed" in note for note in notes)
