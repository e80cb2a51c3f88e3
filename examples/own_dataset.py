"""A dataset of your own: a sheet and folders of frames become a feature store and a result.

    python examples/own_dataset.py [CLIPS_FOLDER]

The folder holds `clips.csv` with the columns folder, subject, onset, apex, offset, label: a clip's
frames lie in `folder`, its onset, apex and offset are numbers of frames from 0 (apex may be empty:
then it is spotted), its label is negative, positive or surprise. Without a folder, one is drawn.
"""

import csv
import sys
from pathlib import Path

import cv2

from dfrnet_keras.datasets import Clip
from dfrnet_keras.datasets.synthetic import synthesize_clips
from dfrnet_keras.evaluation import Run, evaluate_loso
from dfrnet_keras.frames import list_frames
from dfrnet_keras.learners import KernelLearner
from dfrnet_keras.store import FeatureStore

COLUMNS = ["folder", "subject", "onset", "apex", "offset", "label"]


def draw_dataset(root: Path, subjects: int, clips_per_subject: int) -> None:
    """Write clips and their sheet as you would have them."""
    rows = []
    clips = synthesize_clips(subjects=subjects, clips_per_subject=clips_per_subject, size=64)
    for number, (plan, clip) in enumerate(clips):
        folder = root / f"clip{number:03}"
        folder.mkdir(parents=True)
        for index, frame in enumerate(clip.frames):
            cv2.imwrite(str(folder / f"{index}.png"), frame[..., ::-1])
        apex = "" if number % 2 else clip.apex  # half of them not annotated
        last = len(clip.frames) - 1
        rows.append([folder.name, plan.subject, clip.onset, apex, last, plan.spec.label])
    with (root / "clips.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])


def read_dataset(root: Path) -> list[Clip]:
    """A `Clip` for each row: who, which frames, which class."""
    with (root / "clips.csv").open(newline="") as file:
        return [
            Clip(
                dataset="mine",
                # One name a person, everywhere: subjects are held out by it.
                subject=row["subject"],
                name=row["folder"],
                frames=tuple(list_frames(root / row["folder"])),
                onset=int(row["onset"]),
                apex=int(row["apex"]) if row["apex"] else None,
                offset=int(row["offset"]),
                label=row["label"],
            )
            for row in csv.DictReader(file)
        ]


def main(root: str | None = None, subjects: int = 6, clips_per_subject: int = 12) -> Run:
    if root is None:
        root = "own_dataset"
        draw_dataset(Path(root), subjects, clips_per_subject)
    clips = read_dataset(Path(root))

    # Faces, apexes, flow, strain, difference, once; `skipped` names clips that cannot be used.
    store = FeatureStore.build(clips, Path(root) / "store", size=28, flow_method="dis")
    for key, reason in store.skipped:
        print(f"left out: {key}: {reason}")
    spotted = sum("apex_spotted" in row.flags for row in store.rows)
    print(f"{len(store)} clips, {spotted} apexes spotted, maps {store.features} of {store.size}")

    # A support vector machine first: what a network has to beat. Each subject is tested once, by a
    # machine that never saw that person. `NetworkLearner("dfrnet", store)` is a network.
    run = evaluate_loso(KernelLearner("svm", store), store, run_dir=Path(root) / "run")
    figures = run.metrics()
    print(f"UF1 {figures['uf1']:.3f}, UAR {figures['uar']:.3f}")
    return run


if __name__ == "__main__":
    main(*sys.argv[1:2])
