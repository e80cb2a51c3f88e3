"""Fine-tune a network of this package on clips of your own.

Clips are listed as `Clip`, prepared once into a feature store, and fed from there. The network
starts from a `.keras` file that `dfr-keras fit --all-subjects` wrote, from the network that comes
with the package (`drawn-units`), or from nothing. Without arguments it does all this with synthetic
clips, in about a minute. What it writes, `fine_tuned/network.keras`, is a file for
`dfr-keras predict` and `convert`.

    python examples/fine_tune.py [MODEL.keras | drawn-units]
"""

import sys
from pathlib import Path

import keras

from dfrnet_keras.datasets.synthetic import load_synthetic
from dfrnet_keras.models import DFRNet, list_presets, normalization_layers
from dfrnet_keras.models.saving import save_network
from dfrnet_keras.pipeline import make_dataset
from dfrnet_keras.prediction import KerasPredictor
from dfrnet_keras.store import FeatureStore


def main(
    model: str | None = None,
    folder: str = "fine_tuned",
    size: int = 56,
    epochs: int = 10,
    subjects: int = 8,
) -> keras.callbacks.History:
    output = Path(folder) / "network.keras"
    if output.exists():
        sys.exit(f"{output} is there already: move it away first.")

    # 1. The network, and how its maps are made: those of your clips have to be made alike.
    if model is None:
        network = DFRNet(input_size=size, stages=1)
        preparation = {"size": size, "flow_method": "dis"}
    elif model in list_presets():
        preset = DFRNet.from_preset(model)
        network = keras.Model(preset.input, preset.output["probabilities"])
        preparation = {"size": 28, "flow_method": "dis"}
    else:
        predictor = KerasPredictor(model)
        if predictor.description["flow_range"] != "pixels":
            sys.exit(f"{model} was trained on ready-made maps, not on clips: train it on a store.")
        network, preparation = predictor.network, predictor.preparation.options

    # 2. Your clips. Replace this line by a list of Clip(dataset=..., subject=..., frames=...).
    clips = load_synthetic(Path(folder) / "clips", subjects=subjects, clips_per_subject=6)
    store = FeatureStore.build(clips, Path(folder) / "store", **preparation)

    # 3. Hold out people, not clips: the same face in both parts would flatter the result.
    people = sorted({(row.dataset, row.subject) for row in store.rows})
    held_out = people[: len(people) // 4]
    unseen = [k for k, row in enumerate(store.rows) if (row.dataset, row.subject) in held_out]
    seen = sorted(set(range(len(store))) - set(unseen))
    views = [tensor.name for tensor in network.inputs]
    training_maps = {name: store.take(seen)[name] for name in views}
    held_out_maps = {name: store.take(unseen)[name] for name in views}

    # A new network needs the statistics of the clips that it trains on.
    if model is None:
        for name, layer in normalization_layers(network).items():
            values = training_maps[name].astype("float64")
            layer.set_statistics(values.mean((0, 1, 2)), values.var((0, 1, 2)))

    # 4. Mirrored and shifted clips for training; u of a mirrored flow changes its sign.
    training = make_dataset(training_maps, store.labels[seen], batch_size=16, augment=True)
    validation = make_dataset(held_out_maps, store.labels[unseen])
    network.compile(
        keras.optimizers.Adam(1e-3 if model is None else 1e-5),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = network.fit(training, validation_data=validation, epochs=epochs, verbose=2)

    # 5. What prediction needs to know travels in the file.
    about = {
        "classes": list(store.classes),
        "features": views,
        "size": store.size,
        "flow_range": store.flow_range,
        "store": {"digest": store.digest, "settings": store.settings},
    }
    save_network(network, output, about)
    return history


if __name__ == "__main__":
    main(*sys.argv[1:2])
