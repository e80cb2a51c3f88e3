"""The runtime where nothing but NumPy, OpenCV and ai-edge-litert is installed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

ROOT = Path(__file__).parents[2]
NEEDED = ("numpy", "opencv-python-headless>=4.10,<5", "ai-edge-litert>=1.2")

CHECK = """
import importlib.util, json, sys, time
started = time.perf_counter()
from dfrnet_keras.tflite import Predictor
spent = time.perf_counter() - started
found = [m for m in ("tensorflow", "keras", "tf_keras", "click", "scipy", "skimage")
         if importlib.util.find_spec(m)]
answer = Predictor(sys.argv[1]).predict(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
with open("/proc/self/status") as file:
    peak = next(int(l.split()[1]) for l in file if l.startswith("VmHWM"))
print(json.dumps({"found": found, "label": answer.label, "probabilities": answer.probabilities,
                  "import_s": spent, "peak_mb": peak * 1024 / 1e6}))
"""


@pytest.mark.slow
def test_prediction_without_tensorflow_and_keras(tflite_file, clip, tmp_path):
    from dfrnet_keras.tflite import Predictor

    frames, onset, apex = clip
    folder = tmp_path / "frames"
    folder.mkdir()
    for index, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"{index}.png"), frame[..., ::-1])
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *NEEDED], check=True)
    # A build leaves files behind: not in the tree of whoever runs the tests.
    source = tmp_path / "source"
    left_out = shutil.ignore_patterns(".*", "runs", "build", "dist", "*.egg-info")
    shutil.copytree(ROOT, source, symlinks=True, ignore=left_out)
    subprocess.run([*pip, "--no-deps", source], check=True)

    options = [tflite_file, folder, str(onset), str(apex)]
    clean = {"cwd": tmp_path, "env": {"PATH": "/usr/bin:/bin"}, "check": True}
    done = subprocess.run([python, "-c", CHECK, *options], capture_output=True, text=True, **clean)
    about = json.loads(done.stdout.strip().splitlines()[-1])
    expected = Predictor(tflite_file).predict(folder, onset, apex)
    assert about["found"] == []
    assert about["label"] == expected.label
    # Another build of NumPy or OpenCV may round otherwise.
    assert about["probabilities"] == pytest.approx(expected.probabilities, abs=1e-3)
    assert about["import_s"] < 3  # 0.2 to 0.6 where it was measured; this is no benchmark
    assert about["peak_mb"] < 150

    command = [environment / "bin" / "dfr-keras", "predict", tflite_file, folder, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, **clean)
    assert json.loads(done.stdout)["predictions"][0]["label"] in expected.probabilities
    print(json.dumps(about))
