import json

from dfrnet_keras.cli.benchmark import benchmark
from dfrnet_keras.cli.convert import convert


def test_benchmark_prints_all_parts(flow_network, flow_store, tmp_path, run):
    out = tmp_path / "net.tflite"
    assert run(convert, flow_network, "--store", flow_store.path, "--out", out).exit_code == 0
    options = (
        out,
        "--runs",
        2,
        "--warmup",
        1,
        "--against",
        flow_network,
        "--store",
        flow_store.path,
    )
    done = run(benchmark, *options, "--ops", "--clip", "synthetic", "--json")
    assert done.exit_code == 0
    report = json.loads(done.stdout[done.stdout.index("{") :])
    assert report.keys() == {"machine", "timings", "paper", "agreement", "operations", "path"}
    assert report["paper"] == {"milliseconds": 65.9, "budget": 200.0}
    assert [row["name"] for row in report["timings"]] == [
        str(out), "Keras predict", "Keras call", "Keras tf.function",
    ]  # fmt: skip
    assert report["agreement"][str(out)]["clips"] == 48
    assert report["path"][str(out)][-1]["name"] == "frames to class"
    shown = run(benchmark, *options, "--ops", "--clip", "synthetic").output
    for part in (
        "Keras tf.function",
        "65.9 ms",
        "CONV_2D",
        "frames to class",
        "equal classes",
        "free before",
    ):
        assert part in shown


def test_bad_input_is_one_sentence(tmp_path, error):
    out = tmp_path / "no.tflite"
    out.touch()
    assert "not a TFLite file" in error("benchmark", out)
    assert "--threads '0'" in error("benchmark", out, "--threads", "0")
