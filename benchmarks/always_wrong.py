"""Which clips no method gets right, and what their motion looks like to networks without labels.

    python benchmarks/always_wrong.py RUN RUN... --root MAPS

RUNs are folders of `dfr-keras fit` over the same clips, of which the first seed counts. The last
columns ask the members of `--recipe best`, which were trained on drawn action units and never saw
a real label: where they see the same wrong class as all runs do, the clip's motion is that of
another class, whatever its label says.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from halves import HALVES, half_of

from dfrnet_keras.evaluation import open_run, uar, uf1
from dfrnet_keras.learners.motion import MotionLearner
from dfrnet_keras.store import find_or_build

Key = tuple[str, str, str]


def answers_of(folder: Path) -> dict[Key, str]:
    run = open_run(folder)
    first = min(row.seed for row in run.predictions)
    return {
        (row.dataset, row.subject, row.clip): row.predicted
        for row in run.predictions
        if row.seed == first
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0, help="of the networks without labels")
    options = parser.parse_args()
    store = find_or_build("flow-folder", options.root)
    answers = [answers_of(folder) for folder in options.runs]
    drawn = MotionLearner(store).described(options.seed)[1].mean((0, 1))
    seen = drawn.argmax(1)
    halves = np.array([half_of(row.subject) for row in store.rows])
    for name, some in [
        ("all", np.full(len(store), True)),
        *((half, halves == half) for half in HALVES),
    ]:
        print(
            f"drawn motion alone, {name} subjects: UF1 {uf1(store.labels[some], seen[some]):.4f}, "
            f"UAR {uar(store.labels[some], seen[some]):.4f}"
        )
    print(f"{len(options.runs)} runs: {', '.join(str(folder) for folder in options.runs)}")
    print("dataset  label     clips  wrong in all  in one class  which drawn motion says too")
    totals = np.zeros(4, int)
    for dataset in sorted({row.dataset for row in store.rows}):
        for number, label in enumerate(store.classes):
            counts = np.zeros(4, int)
            for clip, row in enumerate(store.rows):
                if row.dataset != dataset or row.label != number:
                    continue
                said = {run[row.dataset, row.subject, row.name] for run in answers}
                wrong = label not in said
                same = wrong and len(said) == 1
                counts += [1, wrong, same, same and store.classes[int(seen[clip])] in said]
            print(
                f"{dataset:8} {label:9} {counts[0]:5}  {counts[1]:12}  {counts[2]:12}  {counts[3]}"
            )
            totals += counts
    print(f"{'all':18} {totals[0]:5}  {totals[1]:12}  {totals[2]:12}  {totals[3]}")


if __name__ == "__main__":
    main()
