"""`dfr-keras web`."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from dfrnet_keras.cli.main import dfr_keras
from dfrnet_keras.models import DFRNet
from dfrnet_keras.tflite import convert


def test_writes_the_site_of_a_network_of_your_own(tmp_path: Path) -> None:
    model = tmp_path / "mine.tflite"
    about = {"preparation": {"flow_method": "ilk"}, "classes": ["calm", "tense", "glad"]}
    model.write_bytes(convert(DFRNet(input_size=32, stages=1), description=about))
    arguments = ["web", "--model", str(model), "--out", str(tmp_path / "site")]
    result = CliRunner().invoke(dfr_keras, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / "site" / "models" / "model.json").read_text())
    assert written["classes"] == about["classes"]
    assert written["name"] == "mine.tflite"
    assert not written["preset"]
    assert (tmp_path / "site" / "index.html").is_file()


def test_options_that_exclude_each_other() -> None:
    for pair in (["--model", "a.tflite", "--preset", "b"], ["--out", "a", "--port", "1"]):
        result = CliRunner().invoke(dfr_keras, ["web", *pair])
        assert result.exit_code == 2
        assert "not both" in result.output
