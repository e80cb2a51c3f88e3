"""Fine-tune a network of this package on clips of your own.

Clips are listed as `Clip`, prepared once into a feature store, and fed from there. The network
starts from a `.keras` file that `dfr-keras fit --all-subjects` wrote, or from nothing. Without
arguments it does all this with synthetic clips, in about a minute.

    python examples/fine_tune.py [MODEL.keras]
"""

import sys
from pathlib import Path

import keras

from dfrnet_keras.datasets.synthetic import load_synthetic
from dfrnet_keras.models import DFRNet, normalization_layers
from dfrnet_keras.models.saving import load_network
from dfrnet_keras.pipeline import make_dataset
from dfrnet_keras.store import FeatureStore


def main(
    model: str | None = None,
    folder: str = "fine_tuned",
    size: int = 56,
    epochs: int = 10,
    subjects: int = 8,
) -> keras.callbacks.History:
    # 1. Your clips. Replace this line by a list of Clip(dataset=..., subject=..., frames=...).
    clips = load_synthetic(Path(folder) / "clips", subjects=subjects, clips_per_subject=6)
    store = FeatureStore.build(clips, Path(folder) / "store", size=size, flow_method="dis")

    # 2. Hold out people, not clips: the same face in both parts would flatter the result.
    held_out = {"s01", "s02"}
    seen = [k for k, row in enumerate(store.rows) if row.subject not in held_out]
    unseen = [k for k, row in enumerate(store.rows) if row.subject in held_out]

    # 3. The network. A new one needs the statistics of the clips it trains on.
    if model is None:
        network = DFRNet(input_size=size, stages=1)
        for name, layer in normalization_layers(network).items():
            values = store.take(seen)[name].astype("float64")
            layer.set_statistics(values.mean((0, 1, 2)), values.var((0, 1, 2)))
    else:
        network, _ = load_network(model)

    # 4. Mirrored and shifted clips for training; u of a mirrored flow changes its sign.
    training = make_dataset(store.take(seen), store.labels[seen], batch_size=16, augment=True)
    validation = make_dataset(store.take(unseen), store.labels[unseen])
    network.compile(
        keras.optimizers.Adam(1e-3 if model is None else 1e-5),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = network.fit(training, validation_data=validation, epochs=epochs, verbose=2)
    network.save(Path(folder) / "network.keras")
    return history


if __name__ == "__main__":
    main(*sys.argv[1:2])
