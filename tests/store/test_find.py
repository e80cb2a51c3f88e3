"""Stores by the dataset and settings they were made from."""

import os

import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.store import default_path, find_or_build, open_or_build


def test_the_default_path_depends_on_all_that_the_maps_depend_on(tmp_path, monkeypatch):
    monkeypatch.setenv("DFR_KERAS_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    path = default_path("synthetic", size=28, flow_method="dis")
    assert path.parent == tmp_path / "stores"
    assert path.name.startswith("synthetic-28-dis-")
    others = [
        default_path("synthetic", tmp_path, size=28, flow_method="dis"),
        default_path("synthetic", size=28, flow_method="dis", strain_cross_term=True),
        default_path("synthetic", size=32, flow_method="dis"),
        default_path("casme2", size=28, flow_method="dis"),
    ]
    assert len({path, *others}) == 5
    assert default_path("d", "here") == default_path("d", tmp_path / "here")
    monkeypatch.delenv("DFR_KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    assert default_path("d").parent == tmp_path / "user" / ".cache" / "dfr-keras" / "stores"


def test_what_was_prepared_is_found_whatever_its_settings(
    tmp_path, monkeypatch, write_clips, refuse_to_compute
):
    monkeypatch.setenv("DFR_KERAS_HOME", str(tmp_path / "home"))
    clips = write_clips(tmp_path / "frames", 2)
    monkeypatch.setattr("dfrnet_keras.datasets.load_dataset", lambda *_, **__: clips)
    built = find_or_build("synthetic", size=28, flow_method="farneback")
    assert built.path.parent == tmp_path / "home" / "stores"
    assert open_or_build("synthetic", size=28, flow_method="farneback").path == built.path
    with refuse_to_compute():
        assert find_or_build("synthetic").path == built.path
        assert find_or_build("synthetic", size=28).path == built.path
    other = open_or_build("synthetic", size=32, flow_method="farneback")
    with pytest.raises(InputError, match="Several stores of synthetic fit"):
        find_or_build("synthetic")
    assert find_or_build("synthetic", size=32).path == other.path
    default = open_or_build("synthetic")
    assert default.settings["flow_method"] == "tvl1"
    assert find_or_build("synthetic").path == default.path
    os.utime(clips[0].frames[0], ns=(1, 1))
    fresh = tmp_path / "home" / "stores"
    assert len(list(fresh.glob("*/index.json"))) == 3
    with pytest.raises(InputError, match="other clips or files"):
        find_or_build("synthetic", size=28, flow_method="farneback")
