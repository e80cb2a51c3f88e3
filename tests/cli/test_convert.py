import json
import os
import re
import subprocess
import sys

from dfrnet_keras.cli.convert import convert
from dfrnet_keras.tflite import Predictor, read_metadata


def test_several_files_at_once(flow_network, flow_store, tmp_path, run):
    options = ("--quantize", "none,int8", "--store", flow_store.path, "--out", tmp_path)
    done = run(convert, flow_network, *options, "--labels", "--json")
    assert done.exit_code == 0
    rows = json.loads(done.stdout)
    assert [row["quantize"] for row in rows] == ["none", "int8"]
    assert all(row["agreement"]["equal_classes"] >= 0.98 for row in rows)
    assert rows[0]["agreement"]["largest_difference"] < 1e-5
    assert (tmp_path / "labels.txt").read_text() == "negative\npositive\nsurprise\n"
    about = read_metadata(tmp_path / "model-int8.tflite")
    assert about["agreement"] == rows[1]["agreement"]
    assert about["representative_clips"] == 48
    found = Predictor(tmp_path / "model-float32.tflite").predict_maps(
        flow=flow_store.arrays["flow"][0]
    )
    assert found.label in flow_store.classes

    shown = run(convert, flow_network, *options, "--overwrite").stdout
    assert "equal classes over 48 clips" in shown


def test_a_file_that_disagrees_is_written_only_when_forced(flow_network, flow_store, tmp_path, run):
    out = tmp_path / "net.tflite"
    options = ("--quantize", "dynamic", "--store", flow_store.path, "--out", out, "--tolerance", 0)
    done = run(convert, flow_network, *options)
    assert done.exit_code == 1
    assert "too different, not written" in done.output
    assert not out.exists()
    assert "written all the same" in run(convert, flow_network, *options, "--force").output
    assert out.exists()


def test_bad_input_is_one_sentence(flow_network, flow_store, tmp_path, error):
    assert "is not found" in error("convert", flow_network)
    assert "give --store" in error("convert", flow_network, "--quantize", "int8")
    assert "quantize is 'int4'" in error("convert", flow_network, "--quantize", "int4")
    assert "not a .keras file" in error("convert", tmp_path / "none.keras")
    out = tmp_path / "there.tflite"
    out.touch()
    refused = error("convert", flow_network, "--store", flow_store.path, "--out", out)
    assert "--overwrite" in refused
    several = ("--quantize", "none,int8", "--out", out)
    assert "one file for 2" in error("convert", flow_network, *several)


def test_only_the_result_is_printed(flow_network, flow_store, tmp_path):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0"}
    done = subprocess.run(
        [sys.executable, "-c", "from dfrnet_keras.cli.main import main; main()", "convert",
         flow_network, "--quantize", "none,int8", "--store", flow_store.path, "--out", tmp_path],
        capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        str(tmp_path / f"model-{kind}.tflite") for kind in ("float32", "int8")
    ]
    assert all(re.search(r"MB, runtime \d+\.\d+\.\d+ or newer, largest", line) for line in lines)
