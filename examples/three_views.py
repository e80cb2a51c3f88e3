"""Draw what the network gets of a clip: apex frame, difference, flow (u, v) and optical strain.

    python examples/three_views.py three-views.png

The clip is synthetic, so anyone may run this and the true movement is known.
"""

import sys

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from dfrnet_keras.datasets.synthetic import synthesize_clips
from dfrnet_keras.features import extract_features


def main(output: str) -> None:
    # A clip of the third person: a smile of about two pixels at the mouth corners.
    clips = synthesize_clips(
        subjects=3, clips_per_subject=12, size=224, amplitude=(2.0, 2.4), seed=1
    )
    clip = next(
        clip for plan, clip in clips if plan.subject == "s03" and plan.spec.label == "positive"
    )

    # The three views, as the network takes them.
    features = extract_features(clip.frames, onset=clip.onset, apex=clip.apex, size=224)

    # Onset to apex is a movement of a pixel or two: invisible in the frames, plain in the maps.
    pictures = [
        ("onset frame", clip.frames[clip.onset], None),
        ("apex frame (S)", features.apex, None),
        ("difference (D)", features.difference[..., 0], "gray"),
        ("flow u, pixels (T)", features.flow[..., 0], "RdBu_r"),
        ("flow v, pixels (T)", features.flow[..., 1], "RdBu_r"),
        ("optical strain (T)", features.flow[..., 2], "magma"),
    ]
    figure, axes = plt.subplots(1, 6, figsize=(15, 3.1), layout="constrained")
    for axis, (title, picture, colours) in zip(axes, pictures, strict=True):
        low, high = None, None
        if colours == "RdBu_r":
            high = np.abs(picture).max()
            low = -high
        elif colours == "gray":
            # Noise and a little movement: its largest values would hide the rest.
            low, high = 0, np.percentile(picture, 99.5)
        shown = axis.imshow(picture, cmap=colours, vmin=low, vmax=high)
        if colours:
            figure.colorbar(shown, ax=axis, shrink=0.75, pad=0.02)
        axis.set_title(title, fontsize=11)
        axis.axis("off")
    figure.savefig(output, dpi=80)
    print(output)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "three-views.png")
