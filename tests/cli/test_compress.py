import json
import os

from dfrnet_keras.cli.compress import compress
from dfrnet_keras.cli.convert import convert
from dfrnet_keras.tflite import read_metadata


def test_compress_writes_files_and_compares(flow_network, flow_store, tmp_path, run):
    options = ("--method", "prune", "--epochs", 1, "--store", flow_store.path, "--out", tmp_path)
    done = run(compress, flow_network, *options, "--json")
    assert done.exit_code == 0
    about = json.loads(done.stdout[done.stdout.index("{") :])
    assert [os.path.basename(file) for file in about["files"]] == [
        "model-prune-float32.tflite", "model-prune-int8.tflite", "model-prune.keras",
    ]  # fmt: skip
    assert list(about["figures"]) == [
        "before, float32", "before, int8", "prune, float32", "prune, int8",
    ]  # fmt: skip
    for row in about["figures"].values():
        assert row.keys() == {"bytes", "zipped", "clips", "uf1", "uar", "milliseconds"}
    assert read_metadata(tmp_path / "model-prune-int8.tflite")["compression"]["method"] == "prune"
    again = ("--store", flow_store.path, "--out", tmp_path / "again.tflite")
    assert run(convert, tmp_path / "model-prune.keras", *again).exit_code == 0


def test_bad_input_is_one_sentence(flow_network, error):
    assert "method is 'distil'" in error("compress", flow_network, "--method", "distil")
    assert "is not found" in error("compress", flow_network, "--method", "prune")
