"""Drawn clips, and a predictor whose network answers the same to everything."""

import cv2
import numpy as np
import pytest

from dfrnet_keras.prediction.clip_predictor import ClipPredictor


class Indifferent(ClipPredictor):
    """Its preparation is a real one; what it is asked about lies in `seen`."""

    def __init__(self, **options):
        self.seen = []
        super().__init__(
            "net",
            classes=("negative", "positive"),
            inputs=("flow",),
            preparation={"size": 28, "flow_method": "dis", **options},
            crop=None,
            spotter=None,
        )

    def warm_up(self):
        pass

    def _run(self, maps):
        self.seen.append(maps)
        return {"probabilities": np.array([0.25, 0.75])}


@pytest.fixture
def predictor():
    return Indifferent()


@pytest.fixture(scope="session")
def people():
    """One clip of each of two people, as a camera sees them: lists of frames."""
    from dfrnet_keras.datasets.synthetic import synthesize_clips
    from dfrnet_keras.datasets.synthetic.identity import Framing

    clips = synthesize_clips(subjects=2, clips_per_subject=1, framing=Framing.raw())
    return [list(clip.frames) for _, clip in clips]


@pytest.fixture
def write_video(tmp_path):
    def write(frames, name="clip.avi", rate=100.0, codec="FFV1"):
        size = frames[0].shape[1::-1]
        writer = cv2.VideoWriter(str(tmp_path / name), cv2.VideoWriter.fourcc(*codec), rate, size)
        for frame in frames:
            writer.write(frame[..., ::-1])
        writer.release()
        return tmp_path / name

    return write


@pytest.fixture
def write_pictures(tmp_path):
    def write(frames, name="pictures", suffix=".png"):
        (tmp_path / name).mkdir()
        for index, frame in enumerate(frames):
            cv2.imwrite(str(tmp_path / name / f"f{index:03d}{suffix}"), frame[..., ::-1])
        return tmp_path / name

    return write
