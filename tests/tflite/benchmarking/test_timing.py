import time

import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.features import optical_flow
from dfrnet_keras.tflite import Predictor, benchmark
from dfrnet_keras.tflite.benchmarking.end_to_end_timing import time_end_to_end
from dfrnet_keras.tflite.benchmarking.operations import time_operations
from dfrnet_keras.tflite.benchmarking.process_cost import measure_process_cost
from dfrnet_keras.tflite.benchmarking.timing import free_cores, machine, take_turns


def test_calls_take_turns():
    order = []
    rows = take_turns(
        {"a": lambda: order.append("a"), "b": lambda: (order.append("b"), time.sleep(0.002))},
        runs=5,
        warmup=2,
    )
    assert order == ["a", "b"] * 8
    assert [row.name for row in rows] == ["a", "b"]
    assert [row.runs for row in rows] == [5, 5]
    slow = rows[1]
    assert 2 <= slow.p10 <= slow.median <= slow.p90 <= slow.p99
    assert slow.cpu < slow.median


def test_files_with_several_numbers_of_threads(tflite_file, maps):
    given = {name: array[0] for name, array in maps.items()}
    rows = benchmark(
        [tflite_file], threads=(1, 2), runs=3, warmup=1, maps=given, others={"else": lambda: 1}
    )
    named = [(row.name, row.threads) for row in rows]
    assert named == [(str(tflite_file), 1), ("else", 1), (str(tflite_file), 2)]
    first = rows[0]
    assert first.bytes == tflite_file.stat().st_size
    assert 0 < first.median < 1000
    assert first.footprint.peak_mb > 20
    assert first.footprint.import_ms > 1
    assert rows[1].bytes is None
    assert "p99" in first.as_dict()


def test_a_process_of_its_own(tflite_file, tmp_path):
    found = measure_process_cost(tflite_file)
    assert found.load_ms > 0
    # This process holds TensorFlow: a figure inherited from it would be several times as large.
    assert found.peak_mb < 150
    (tmp_path / "bad.tflite").write_bytes(b"nothing")
    with pytest.raises(InputError, match="process of its own"):
        measure_process_cost(tmp_path / "bad.tflite")


def test_operations_of_a_network(tflite_file, converted, tmp_path):
    rows = time_operations(tflite_file, runs=2)
    assert rows[0].milliseconds >= rows[-1].milliseconds >= 0
    counts = {}
    for row in rows:
        counts[row.name] = counts.get(row.name, 0) + row.count
    assert counts["CONV_2D"] == 17
    assert "DEQUANTIZE" not in counts
    path = tmp_path / "int8.tflite"
    path.write_bytes(converted("int8"))
    assert {row.name for row in time_operations(path, runs=1)} >= {"CONV_2D", "SUB", "QUANTIZE"}


@pytest.mark.parametrize("camera", [False, True])
def test_the_whole_path_and_its_parts(tflite_file, clip, camera, monkeypatch):
    frames, onset, apex = clip
    if camera:  # a face with room around it is cut out
        frames = np.pad(frames, ((0, 0), (60, 60), (100, 100), (0, 0)), mode="edge")
    predictor = Predictor(tflite_file)
    answers = []
    run = predictor.network.run
    monkeypatch.setattr(
        predictor.network, "run", lambda maps: answers.append(run(maps)) or answers[-1]
    )
    rows = time_end_to_end(predictor, frames, onset=onset, apex=apex, runs=3, warmup=1)
    spent = {row.name: row.median for row in rows}
    assert list(spent) == [
        "face", "cut", "flow", "strain", "difference", "maps", "network", "face known",
        "frames to class",
    ]  # fmt: skip
    assert spent["frames to class"] > spent["network"]
    # With the face found beforehand the answer is the same.
    expected = list(predictor.predict(frames, onset, apex).probabilities.values())
    assert len(answers) == 11
    np.testing.assert_array_equal(answers, np.float32([expected] * 11))


def test_the_parts_see_what_the_prediction_sees(tflite_file, clip, monkeypatch):
    from dfrnet_keras.features import extract
    from dfrnet_keras.tflite.benchmarking import end_to_end_timing

    seen = []

    def flow(first, second, **options):
        seen.append((first, second))
        return optical_flow(first, second, **options)

    for module in (extract, end_to_end_timing):
        monkeypatch.setattr(module, "optical_flow", flow)
    frames, onset, apex = clip
    time_end_to_end(Predictor(tflite_file), frames, onset=onset, apex=apex, runs=1, warmup=0)
    # Each part that computes flow, alone or within a prediction, does so on the same pictures.
    assert len(seen) > 4
    for pair in seen:
        np.testing.assert_array_equal(pair, seen[0])
    assert seen[0][0].shape == (128, 128, 3)


def test_the_machine():
    about = machine()
    assert about["cores"] >= 1
    assert 0 < about["free_cores"] <= about["cores"] + 0.2
    assert 0 < free_cores(1, seconds=0.05) < 1.2


def test_bad_arguments(tmp_path, tflite_file):
    with pytest.raises(InputError, match="no file to time"):
        benchmark([])
    with pytest.raises(InputError, match="runs 0"):
        benchmark([tflite_file], runs=0)
    with pytest.raises(InputError, match=r"threads is \[0\]"):
        benchmark([tflite_file], threads=(0,))
    with pytest.raises(InputError, match="does not exist"):
        benchmark([tmp_path / "none.tflite"])
    with pytest.raises(InputError, match="looks at"):
        benchmark([tflite_file], maps={"flow": np.zeros((32, 32, 3))})
