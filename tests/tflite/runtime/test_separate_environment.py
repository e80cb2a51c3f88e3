"""The runtime where nothing but NumPy, OpenCV and ai-edge-litert is installed.

The environment is made by the two pip lines that docs/deployment.md gives, the second with the
wheel of this tree in place of the tree.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dfrnet_keras.tflite import Predictor, read_metadata, with_metadata

ROOT = Path(__file__).parents[3]

CHECK = """
import importlib.util, json, sys
from dfrnet_keras.tflite import Predictor
import dfrnet_keras.tflite.runtime, ai_edge_litert.interpreter
found = [m for m in ("tensorflow", "keras", "tf_keras", "click", "scipy", "skimage", "sklearn",
                     "matplotlib", "rich") if importlib.util.find_spec(m)]
answer = Predictor(sys.argv[1]).predict(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
with open("/proc/self/status") as file:
    peak = next(int(l.split()[1]) for l in file if l.startswith("VmHWM"))
print(json.dumps({"found": found, "label": answer.label, "probabilities": answer.probabilities,
                  "peak_mb": peak * 1024 / 1e6}))
"""


def pip_lines():
    """The arguments of the pip lines for a device."""
    text = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    lines = [shlex.split(line) for line in re.findall(r"^pip (install .*)$", text, re.M)]
    assert len(lines) == 2
    assert lines[1] == ["install", "--no-deps", "."]
    return lines


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The folder of programs of a new environment with the runtime in it."""
    folder = tmp_path_factory.mktemp("separate")
    # A build leaves files behind: not in the tree of whoever runs the tests.
    tree = folder / "tree"
    left_out = shutil.ignore_patterns(".*", "runs", "build", "dist", "*.egg-info")
    shutil.copytree(ROOT, tree, symlinks=True, ignore=left_out)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, tree]
    subprocess.run([*pip, *build], check=True)
    (wheel,) = folder.glob("*.whl")
    # This pip installs into it, which spares unpacking another one.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    programs = folder / "venv" / "bin"
    for line in pip_lines():
        line = [wheel if word == "." else word for word in line]
        subprocess.run([*pip, "--python", programs / "python", *line], check=True)
    return programs


@pytest.fixture
def run(environment, tmp_path):
    """Run a program of the environment; its exit status, output and errors."""

    def run(program, *arguments):
        return subprocess.run(
            [environment / program, *map(str, arguments)],
            capture_output=True, text=True, cwd=tmp_path, env={"PATH": "/usr/bin:/bin"},
        )  # fmt: skip

    return run


def test_prediction_without_tensorflow_and_keras(run, tflite_file, folder, clip):
    _, onset, apex = clip
    done = run("python", "-c", CHECK, tflite_file, folder, onset, apex)
    assert done.returncode == 0, done.stderr
    about = json.loads(done.stdout.strip().splitlines()[-1])
    expected = Predictor(tflite_file).predict(folder, onset, apex)
    assert about["found"] == []
    assert about["label"] == expected.label
    # Another build of NumPy or OpenCV may round otherwise.
    assert about["probabilities"] == pytest.approx(expected.probabilities, abs=1e-3)
    # benchmarks/runtime.py measures memory and time; here only something heavy that came in is to
    # be seen. The kernel counts pages of libraries that it maps in passing: 105 to 126 MB here.
    assert about["peak_mb"] < 200


def test_the_command(run, tflite_file, folder, clip, tmp_path):
    done = run("dfr-keras", "predict", tflite_file, folder, "--json")
    assert done.returncode == 0, done.stderr
    expected = Predictor(tflite_file).predict(folder)
    assert json.loads(done.stdout)["predictions"][0]["label"] == expected.label
    # What it cannot do there it says in one sentence.
    content = tflite_file.read_bytes()
    about = read_metadata(content)
    about["preparation"]["flow_method"] = "tvl1"
    (tmp_path / "tvl1.tflite").write_bytes(with_metadata(content, about))
    for arguments, sentence in (
        (("predict", tmp_path / "tvl1.tflite", folder), "install scikit-image"),
        (("predict", "net.keras", folder), "needs Keras"),
        (("convert", "net.keras"), "needs the whole package"),
    ):
        done = run("dfr-keras", *arguments)
        assert done.returncode == 1
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr
