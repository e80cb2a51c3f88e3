"""Clips and stores that several tests make."""

import contextlib
import dataclasses

import cv2
import numpy as np
import pytest

from dfrnet_keras.datasets import Clip
from dfrnet_keras.models import recipe
from dfrnet_keras.models.recipe import BestRecipe
from dfrnet_keras.store import FeatureStore
from dfrnet_keras.store import build as preparation

LABELS = ("negative", "positive", "surprise")


@dataclasses.dataclass(frozen=True)
class _QuickBestRecipe(BestRecipe):
    members: int = 1
    drawn_clips: int = 32
    drawn_epochs: int = 1


@pytest.fixture
def quick_best_recipe(monkeypatch):
    """`--recipe best` with one network that drawn motion teaches for a moment only."""
    monkeypatch.setattr(recipe, "BestRecipe", _QuickBestRecipe)


@pytest.fixture
def write_clips():
    def write(root, count=5, *, size=48, apex=1):
        """Clips of three frames in which a smooth texture moves a pixel to the right."""
        root.mkdir(parents=True, exist_ok=True)
        clips = []
        for number in range(count):
            noise = np.random.default_rng(number).uniform(0, 255, (size, size + 2, 3))
            texture = cv2.GaussianBlur(noise, (0, 0), 2)
            frames = []
            for step in range(3):
                frames.append(root / f"{number}_{step}.png")
                cv2.imwrite(
                    str(frames[-1]), texture[:, 2 - step : size + 2 - step].astype(np.uint8)
                )
            name, label = f"c{number}", LABELS[number % 3]
            clips.append(Clip("made", f"s{number % 2}", name, tuple(frames), 0, apex, 2, label))
        return clips

    return write


@pytest.fixture
def write_maps():
    """Pictures of noise as ready-made maps."""

    def write(root, count=4, *, size=8):
        root.mkdir(parents=True, exist_ok=True)
        clips = []
        for number in range(count):
            path = root / f"{number}.png"
            picture = np.random.default_rng(number).integers(0, 256, (size, size, 3), np.uint8)
            cv2.imwrite(str(path), picture[..., ::-1])
            label = LABELS[number % 3]
            clips.append(Clip("maps", f"s{number % 2}", f"c{number}", (path,), 0, None, 0, label))
        return clips

    return write


@pytest.fixture
def extractions(monkeypatch):
    """The row numbers that were computed since."""
    computed = []
    original = preparation.maps_of_clip

    def extract(row, *rest):
        computed.append(row)
        return original(row, *rest)

    monkeypatch.setattr(preparation, "maps_of_clip", extract)
    return computed


@pytest.fixture
def refuse_to_compute(monkeypatch):
    """A context in which every extraction is an error."""

    def refuse(*_):
        raise AssertionError("computed although it need not be")

    @contextlib.contextmanager
    def context():
        with monkeypatch.context() as patch:
            patch.setattr(preparation, "maps_of_clip", refuse)
            yield

    return context


@pytest.fixture
def leftovers():
    """Names of what lies in a folder, locks left out."""

    def names(folder):
        return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))

    return names


@pytest.fixture
def built(tmp_path, write_maps):
    return FeatureStore.build_from_maps(write_maps(tmp_path / "maps"), tmp_path / "store").path
