"""The preset on drawn people it never saw, and on real maps nothing of it was made with.

    python benchmarks/preset.py [--preset NAME] [--maps FOLDER] [--picture FILE]

Abstention by kind of clip; expressions answered by their size; F1 of each action unit; clips that
another generator moves (`datasets.synthetic.motion`), by way of camera pictures, face finding and
all; and of the published maps of MEGC 2019 (`--maps`), what is answered and which units are seen.
The share of negatives below the threshold was set on other drawn clips; no figure of the real maps
chose anything.
"""

import argparse
import json

import numpy as np
from sklearn.metrics import f1_score

from dfrnet_keras.datasets.clip import MEGC2019_CLASSES
from dfrnet_keras.datasets.synthetic.clips import synthesize_clips
from dfrnet_keras.datasets.synthetic.identity import Framing
from dfrnet_keras.datasets.synthetic.unit_maps import KINDS, draw_unit_maps
from dfrnet_keras.features.extract import extract_clip
from dfrnet_keras.models.preset import DEFAULT_PRESET, Preset

SEED = 20260831
LEAST = 0.3  # strength from which a unit counts as seen


def drawn(preset: Preset, count: int) -> dict:
    maps = draw_unit_maps(count, seed=SEED, source="rendered")
    answers = preset.predict(maps.flow)
    answered = np.array([answer.label is not None for answer in answers])
    result = {"abstained": {}, "answered": {}, "right": {}, "units": {}}
    for kind in KINDS[1:]:
        rows = maps.kinds == kind
        result["abstained"][kind] = [int((~answered[rows]).sum()), int(rows.sum())]
    expression = maps.kinds == "expression"
    for low, high in ((0.8, 1), (1, 1.5), (1.5, 2.5), (2.5, 5.01), (1, 5.01)):
        rows = expression & (maps.peaks >= low) & (maps.peaks < high)
        name = f"{low} to {high:.1f} px"
        result["answered"][name] = [int(answered[rows].sum()), int(rows.sum())]
        rows &= answered & (maps.labels >= 0)
        right = [answers[k].label == MEGC2019_CLASSES[maps.labels[k]] for k in np.flatnonzero(rows)]
        result["right"][name] = [int(sum(right)), len(right)]
    visible = ~expression | (maps.peaks >= 1)
    for place, name in enumerate(preset.units):
        truth = maps.units[visible, place].max(1) >= LEAST
        seen = [max(answers[k].units[name]) >= LEAST for k in np.flatnonzero(visible)]
        result["units"][name] = [round(float(f1_score(truth, seen)), 3), int(truth.sum())]
    truth = maps.units[visible] >= LEAST
    seen = np.array([[answers[k].units[name] for name in preset.units]
                     for k in np.flatnonzero(visible)]) >= LEAST  # fmt: skip
    result["units"]["all, side by side"] = [
        round(float(f1_score(truth.ravel(), seen.ravel())), 3), int(truth.sum())
    ]  # fmt: skip
    return result


def other_generator(preset: Preset, subjects: int) -> dict:
    """Camera pictures of 640 x 480 by way of `extract_clip`, apex spotted."""
    options = {"subjects": subjects, "clips_per_subject": 6, "seed": SEED, "balanced": True,
               "framing": Framing.raw(), "distractors": 0.2}  # fmt: skip
    result = {}
    for name, amplitude in (("2 to 4 px of 640", (2, 4)), ("no movement", (0.0, 1e-6))):
        right = answered = count = 0
        for _, clip in synthesize_clips(**options, amplitude=amplitude):
            made = extract_clip(clip.frames, size=28, flow_method="dis")
            (answer,) = preset.predict(made.features.flow[None])
            count += 1
            answered += answer.label is not None
            right += answer.label == clip.label
        result[name] = {"answered": answered, "right": right, "clips": count}
    return result


def real(name: str, folder: str) -> dict:
    from dfrnet_keras.evaluation.metrics import uar, uf1
    from dfrnet_keras.store import find_or_build

    store = find_or_build("flow-folder", folder, size=None, flow_method=None, jobs=1)
    preset = Preset(name, input_size=store.size, flow_range=store.flow_range)
    answers = preset.predict(store.arrays["flow"])
    answered = np.array([answer.label is not None for answer in answers])
    guess = np.array([np.argmax(list(answer.probabilities.values())) for answer in answers])
    seen = np.array([[max(sides) for sides in answer.units.values()] for answer in answers])
    result = {"answered": [int(answered.sum()), len(answered)]}
    for title, rows in (("all", np.full(len(guess), True)), ("answered", answered)):
        truth = store.labels[rows]
        result[f"uf1 of {title}"] = round(float(uf1(truth, guess[rows])), 4)
        result[f"uar of {title}"] = round(float(uar(truth, guess[rows])), 4)
    means = {
        label: seen[store.labels == k].mean(0).round(2) for k, label in enumerate(store.classes)
    }
    result["mean strength of each unit by true class"] = {
        label: dict(zip(preset.units, mean.tolist(), strict=True)) for label, mean in means.items()
    }
    return result


def draw(means: dict, path: str) -> None:
    """Mean strength of each unit in the real maps of each class."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 3), constrained_layout=True)
    for number, (label, units) in enumerate(means.items()):
        places = np.arange(len(units)) + 0.27 * (number - 1)
        axes.bar(places, list(units.values()), 0.26, label=label)
    axes.set_xticks(range(len(units)), list(units), rotation=45)
    axes.set_ylabel("mean strength")
    axes.legend(frameon=False)
    figure.savefig(path, dpi=110)


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--preset", default=DEFAULT_PRESET)
    options.add_argument("--maps")
    options.add_argument("--count", type=int, default=2000)
    options.add_argument("--subjects", type=int, default=10)
    options.add_argument("--picture")
    given = options.parse_args()
    preset = Preset(given.preset)
    result = {"drawn": drawn(preset, given.count)}
    result["another generator"] = other_generator(preset, given.subjects)
    if given.maps:
        result["megc2019"] = real(given.preset, given.maps)
        if given.picture:
            draw(result["megc2019"]["mean strength of each unit by true class"], given.picture)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
