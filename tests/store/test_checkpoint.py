"""Builds that were cut off go on where they stopped."""

import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.store import FeatureStore

FAST = {"size": 32, "flow_method": "farneback"}


def interrupt_after(count):
    def progress(done, total):
        if done == count:
            raise KeyboardInterrupt

    return progress


def test_an_interrupted_build_goes_on_where_it_stopped(
    tmp_path, extractions, write_clips, leftovers
):
    clips = write_clips(tmp_path / "frames")
    whole = FeatureStore.build(clips, tmp_path / "whole", **FAST)
    with pytest.raises(KeyboardInterrupt):
        FeatureStore.build(clips, tmp_path / "store", **FAST, progress=interrupt_after(3))
    assert leftovers(tmp_path) == ["frames", "store.partial", "whole"]
    with pytest.raises(InputError, match="is not a feature store"):
        FeatureStore.open(tmp_path / "store")
    partial = tmp_path / "store.partial"
    with (partial / "done.jsonl").open("a") as log:
        log.write("[3, 12")  # the line being written when the process ended
    arrays = np.load(partial / "flow.npy", mmap_mode="r+")
    arrays[1, 0, 0, 0] += 1  # a page that never reached the disk
    arrays.flush()
    extractions.clear()
    calls = []
    store = FeatureStore.build(
        clips, tmp_path / "store", **FAST, progress=lambda *call: calls.append(call)
    )
    assert extractions == [1, 3, 4]
    assert calls[0] == (2, 5)
    assert store.digest == whole.digest
    assert leftovers(tmp_path) == ["frames", "store", "whole"]


def test_an_interrupted_build_of_other_settings_starts_anew(tmp_path, extractions, write_clips):
    clips = write_clips(tmp_path / "frames")
    with pytest.raises(KeyboardInterrupt):
        FeatureStore.build(clips, tmp_path / "store", **FAST, progress=interrupt_after(3))
    extractions.clear()
    store = FeatureStore.build(clips, tmp_path / "store", size=24, flow_method="farneback")
    assert extractions == [0, 1, 2, 3, 4]
    assert store.size == 24


def test_a_killed_build_goes_on_where_it_stopped(tmp_path, extractions, write_clips):
    clips = write_clips(tmp_path / "frames")
    code = f"""
        import os, signal
        from pathlib import PosixPath
        from dfrnet_keras.datasets import Clip
        from dfrnet_keras.store import FeatureStore
        def progress(done, total):
            if done == 2:
                os.kill(os.getpid(), signal.SIGKILL)
        FeatureStore.build({clips!r}, {str(tmp_path / "store")!r}, **{FAST!r}, progress=progress)
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False, timeout=120)
    assert ended.returncode == -signal.SIGKILL
    store = FeatureStore.build(clips, tmp_path / "store", **FAST)
    assert extractions == [2, 3, 4]
    assert store.digest == FeatureStore.build(clips, tmp_path / "whole", **FAST).digest


def test_clips_without_annotated_apex_resume_with_what_was_spotted(
    tmp_path, extractions, write_clips
):
    clips = write_clips(tmp_path / "frames", 3, apex=None)
    whole = FeatureStore.build(clips, tmp_path / "whole", **FAST)
    with pytest.raises(KeyboardInterrupt):
        FeatureStore.build(clips, tmp_path / "store", **FAST, progress=interrupt_after(2))
    extractions.clear()
    assert FeatureStore.build(clips, tmp_path / "store", **FAST).digest == whole.digest
    assert extractions == [2]
