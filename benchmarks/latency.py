"""The default network at 224 x 224: `.tflite` files against PyTorch, run by run in turns.

    python benchmarks/latency.py convert OUT    # needs TensorFlow: writes OUT/*.tflite
    python benchmarks/latency.py time OUT --against onnxruntime,openvino    # PyTorch and these two

Two steps, since two runtimes in one process fight over the processor's threads. The weights are
random, which the time does not depend on; ranges of int8 are set by rendered clips.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import runpy
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

MODES = ("none", "float16", "dynamic", "int8")


def write_files(folder: Path) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from dfrnet_keras.datasets.synthetic import synthesize_clips
    from dfrnet_keras.features import extract_features
    from dfrnet_keras.models import DFRNet, normalization_layers
    from dfrnet_keras.tflite import convert

    keras.utils.set_random_seed(0)
    network = DFRNet()
    samples = []
    for _, clip in synthesize_clips(subjects=4, clips_per_subject=2, size=224):
        maps = extract_features(
            clip.frames, onset=clip.onset, apex=clip.apex, flow_method="dis"
        )._asdict()
        samples.append({name: array[None].astype(np.float32) for name, array in maps.items()})
    for name, layer in normalization_layers(network).items():
        values = np.concatenate([sample[name] for sample in samples]).astype(np.float64)
        layer.set_statistics(values.mean((0, 1, 2)), values.var((0, 1, 2)))
    folder.mkdir(parents=True, exist_ok=True)
    about = {"preparation": {"flow_method": "dis"}}
    for mode in MODES:
        content = convert(network, quantize=mode, representative_data=samples, description=about)
        (folder / f"{mode}.tflite").write_bytes(content)
    stacked = {name: np.concatenate([sample[name] for sample in samples]) for name in samples[0]}
    np.savez(folder / "samples.npz", **stacked)


def onnxruntime_calls(network: Any, maps: list, folder: Path, threads: int) -> dict[str, Any]:
    """The PyTorch network in ONNX Runtime, float32."""
    import onnxruntime
    import torch

    path = folder / "float32.onnx"
    torch.onnx.export(network, tuple(maps), path, input_names=["a", "b", "c"], verbose=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feeds = dict(zip("abc", (tensor.numpy() for tensor in maps), strict=True))
    return {"ONNX Runtime": lambda: session.run(None, feeds)}


def openvino_calls(network: Any, maps: list, folder: Path, threads: int) -> dict[str, Any]:
    """The float32 file in OpenVINO, as it is and quantised to int8 by NNCF on the same maps.

    Floats are computed in float32, and once more in bfloat16.
    """
    import nncf
    import openvino

    core = openvino.Core()
    model = core.read_model(folder / "none.tflite")
    with np.load(folder / "samples.npz", allow_pickle=False) as stored:
        arrays = dict(stored)
    names = [port.get_any_name() for port in model.inputs]
    # The file's tensors are numbered in the order of its inputs' names.
    by_port = {name: sorted(arrays)[int(re.findall(r"input_(\d+)", name)[0])] for name in names}
    rows = [{name: arrays[key][k : k + 1] for name, key in by_port.items()}
            for k in range(len(arrays["flow"]))]  # fmt: skip
    quantized = nncf.quantize(model, nncf.Dataset(rows), subset_size=len(rows))
    setting = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"}
    calls = {}
    for name, graph in (("OpenVINO", model), ("OpenVINO int8", quantized)):
        # On a processor that has bfloat16, OpenVINO computes floats in it unless told otherwise.
        for precision, ending in (("f32", ""), ("bf16", " + bf16")):
            setting["INFERENCE_PRECISION_HINT"] = precision
            request = core.compile_model(graph, "CPU", setting).create_infer_request()
            request.infer(rows[0])
            calls[name + ending] = request.infer
    return calls


AGAINST = {"onnxruntime": onnxruntime_calls, "openvino": openvino_calls}


def time_files(
    folder: Path, threads: int, runs: int, network_file: Path | None, against: list[str]
) -> None:
    import torch

    from dfrnet_keras.tflite.benchmarking.timing import machine, take_turns
    from dfrnet_keras.tflite.runtime.interpreter import Network

    torch.set_num_threads(threads)
    if network_file is None:
        from torch_dfrnet import DFRNet
    else:
        DFRNet = runpy.run_path(str(network_file))["Net"]
    torch_network = DFRNet().eval()
    maps = [torch.randn(1, channels, 224, 224) for channels in (3, 1, 3)]

    def eager() -> object:
        with torch.inference_mode():
            return torch_network(*maps)

    calls = {"PyTorch eager": eager}
    for name in against:
        calls |= AGAINST[name](torch_network, maps, folder, threads)
    for mode in MODES:
        network = Network(folder / f"{mode}.tflite", threads=threads)
        network.set_inputs(
            {
                name: np.random.default_rng(0).random(tensor.shape, np.float32)
                for name, tensor in network.inputs.items()
            }
        )
        calls[mode] = network.invoke
    about = machine()
    rows = {row.name: row for row in take_turns(calls, runs=runs)}
    print(json.dumps(about), "free cores after:", machine()["free_cores"])
    found = {name: version(name) for name in ("torch", "ai-edge-litert", "numpy", *against)}
    print(f"{time.strftime('%Y-%m-%d')}, Python {platform.python_version()}, {json.dumps(found)}")
    eager = rows["PyTorch eager"]
    for name, row in rows.items():
        file = folder / f"{name}.tflite"
        size = f"{file.stat().st_size / 1e6:6.2f} MB" if file.exists() else ""
        print(
            f"{name:20} {threads} threads, median {row.median:7.2f} ms, p10 {row.p10:7.2f}, "
            f"p90 {row.p90:7.2f}, CPU {row.cpu:7.2f}, {row.median / eager.median:.3f} of PyTorch, "
            f"by CPU {row.cpu / eager.cpu:.3f} {size}"
        )
    wall, cpu = (getattr(rows["dynamic"], key) / getattr(rows["none"], key)
                 for key in ("median", "cpu"))  # fmt: skip
    print(f"dynamic is {wall:.3f} of float32, by CPU {cpu:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=("convert", "time"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument(
        "--torch-network", type=Path, help="another Python file, whose class Net is the network"
    )
    parser.add_argument("--against", default="", help="onnxruntime, openvino or both, by commas")
    options = parser.parse_args()
    against = [name for name in options.against.split(",") if name]
    if set(against) - set(AGAINST):
        parser.error(f"--against takes {', '.join(AGAINST)}")
    if options.step == "convert":
        write_files(options.folder)
    else:
        time_files(options.folder, options.threads, options.runs, options.torch_network, against)


if __name__ == "__main__":
    main()
