"""The runtime on 64-bit Arm, emulated: the same classes as here.

Needs Linux with apt-get (Debian 12's Python for arm64 is downloaded and unpacked, not installed),
pip, and QEMU's user emulation: `apt-get install qemu-user-static`.
"""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import pytest

from dfrnet_keras.datasets.synthetic import load_synthetic
from dfrnet_keras.features.preparation import Preparation
from dfrnet_keras.models import MotionDFRNet
from dfrnet_keras.tflite import Predictor, convert
from dfrnet_keras.tflite.conversion.frames_input import take_frames

ROOT = Path(__file__).parents[3]
EMULATOR = shutil.which("qemu-aarch64-static")
PACKAGES = (
    "libbz2-1.0", "libc6", "libexpat1", "libffi8", "libgcc-s1", "liblzma5",
    "libpython3.11-minimal", "libpython3.11-stdlib", "libssl3", "libstdc++6", "libtinfo6",
    "libuuid1", "python3.11-minimal", "zlib1g",
)  # fmt: skip
# ai-edge-litert 2.3.0 ends in a segmentation fault under QEMU 7.2 as soon as it allocates tensors.
WHEELS = ("numpy<3", "opencv-python-headless<5", "ai-edge-litert==2.0.3", "flatbuffers",
          "tqdm", "typing-extensions", "backports.strenum", "protobuf")  # fmt: skip
CHECK = """
import json, platform, sys
from dfrnet_keras.tflite import Predictor
predictor = Predictor(sys.argv[1])
answers = [predictor.predict(clip) for clip in sys.argv[2:]]
print(json.dumps({"machine": platform.machine(),
                  "answers": [[a.label, a.apex, a.probabilities] for a in answers]}))
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(EMULATOR is None, reason="qemu-aarch64-static is not installed"),
    pytest.mark.skipif(shutil.which("apt-get") is None, reason="there is no apt-get"),
]


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def arm(tmp_path_factory):
    """Runs Python for 64-bit Arm with the device's packages."""
    folder = tmp_path_factory.mktemp("aarch64")
    for name in ("lists/partial", "cache/archives/partial", "debs", "root", "site"):
        (folder / name).mkdir(parents=True)
    apt = ["apt-get", "-oAPT::Architecture=arm64", "-oAPT::Architectures=arm64",
           f"-oDir::State::Lists={folder / 'lists'}", f"-oDir::Cache={folder / 'cache'}",
           "-oDebug::NoLocking=1", "-qq"]  # fmt: skip
    for arguments in (["update"], ["download", *PACKAGES]):
        status, _, errors = run(*apt, *arguments, cwd=folder / "debs")
        if status:
            pytest.skip(f"Debian's packages for arm64 cannot be had: {errors.strip()[-200:]}")
    for package in (folder / "debs").glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, folder / "root"], check=True)
    platforms = [f"--platform=manylinux{tag}_aarch64" for tag in
                 ("2014", "_2_17", "_2_27", "_2_28")]  # fmt: skip
    status, _, errors = run(
        sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:",
        "--python-version=3.11", "--implementation=cp", *platforms, "-d", str(folder / "wheels"),
        *WHEELS,
    )  # fmt: skip
    if status:
        pytest.skip(f"wheels for aarch64 cannot be had: {errors.strip()[-200:]}")
    for wheel in (folder / "wheels").glob("*.whl"):
        zipfile.ZipFile(wheel).extractall(folder / "site")
    shutil.copytree(ROOT / "dfrnet_keras", folder / "site" / "dfrnet_keras", symlinks=False)
    python = folder / "root" / "usr" / "bin" / "python3.11"

    def call(*arguments):
        return run(EMULATOR, "-L", folder / "root", python, *arguments,
                   env={**os.environ, "PYTHONPATH": str(folder / "site")})  # fmt: skip

    return call


@pytest.mark.parametrize("takes", ["frames", "maps"])
def test_ten_clips_have_the_same_classes(arm, tmp_path, takes):
    keras.utils.set_random_seed(2)
    preparation = Preparation(size=28, flow_method="ilk", crop="none").as_dict()
    content = convert(MotionDFRNet(28, members=1), description={"preparation": preparation})
    file = tmp_path / "network.tflite"
    file.write_bytes(take_frames(content) if takes == "frames" else content)
    clips = load_synthetic(tmp_path / "clips", subjects=2, clips_per_subject=5, size=224, frames=5)
    folders = [str(clip.frames[0].parent) for clip in clips]
    status, output, errors = arm("-c", CHECK, str(file), *folders)
    assert status == 0, errors
    found = json.loads(output.splitlines()[-1])
    assert found["machine"] == "aarch64"
    predictor = Predictor(file)
    for folder, (label, apex, chances) in zip(folders, found["answers"], strict=True):
        here = predictor.predict(folder)
        assert (label, apex) == (here.label, here.apex)
        assert chances == pytest.approx(here.probabilities, abs=0.01)
