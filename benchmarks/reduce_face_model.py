"""The face model of the package from the ICT Face Model Light (arXiv 2004.03458, MIT licence).

    python benchmarks/reduce_face_model.py face.npz dfrnet_keras/datasets/synthetic/face_model.npz

Keeps the front of the face in fewer points, closer where expressions move much, and 20 modes of
identity. `face.npz` holds `neutral`, `expressions`, `expression_names`, `identities` and
`landmarks68`.
"""

import sys

import numpy as np

POINTS, MODES = 1400, 20


def main(source: str, target: str) -> None:
    whole = np.load(source)
    neutral = whole["neutral"]
    front = np.flatnonzero(neutral[:, 2] > np.percentile(neutral[:, 2], 15))
    moved = np.linalg.norm(whole["expressions"].astype("f4"), axis=2)
    weight = 1 + 2 * np.minimum(1, (moved / moved.max(1, keepdims=True)).mean(0) / 0.15)
    kept = list(dict.fromkeys(whole["landmarks68"].tolist()))
    corners = whole["landmarks68"][[36, 39, 42, 45, 48, 54]]
    nearest = np.full(len(neutral), np.inf)
    for point in kept:
        nearest = np.minimum(nearest, np.linalg.norm(neutral - neutral[point], axis=1))
    while len(kept) < POINTS:  # the farthest from all that are kept
        point = int(front[np.argmax((nearest * weight)[front])])
        kept.append(point)
        nearest = np.minimum(nearest, np.linalg.norm(neutral - neutral[point], axis=1))
    place = {point: number for number, point in enumerate(kept)}
    np.savez_compressed(
        target,
        neutral=neutral[kept].astype("f2"),
        expressions=whole["expressions"][:, kept],
        names=whole["expression_names"],
        identities=whole["identities"][:MODES, kept],
        corners=np.array([place[point] for point in corners], "i4"),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
