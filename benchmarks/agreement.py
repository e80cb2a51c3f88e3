"""How `.tflite` files of a trained network answer on subjects it has never seen.

    python benchmarks/agreement.py MODEL.keras TRAINING_STORE UNSEEN_STORE

prints agreement with Keras and UF1 for each way of quantising, quantisation-aware training,
pruning and clustering included, on one line each.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from dfrnet_keras.evaluation import uf1
from dfrnet_keras.models.saving import load_network
from dfrnet_keras.store import FeatureStore
from dfrnet_keras.tflite import compress, convert, verify
from dfrnet_keras.tflite.figures import figures
from dfrnet_keras.tflite.training_store import sample_rows, store_maps

SHOWN = "{:18} agrees {:7.2%}, largest difference {:.4f}, UF1 {:.4f}, {:.2f} MB, zipped {:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("training_store")
    parser.add_argument("unseen_store")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--learning-rate", type=float, default=1e-5)
    parser.add_argument("--only", default="none,float16,dynamic,int8,qat,prune,cluster")
    options = parser.parse_args()
    model, description = load_network(options.model)
    seen = FeatureStore.open(options.training_store)
    unseen = FeatureStore.open(options.unseen_store)
    names = [tensor.name for tensor in model.inputs]
    maps = {name: unseen.arrays[name][:] for name in names}
    rows = np.arange(len(unseen))
    training = {"epochs": options.epochs, "learning_rate": options.learning_rate}

    def ranges() -> object:
        return store_maps(seen, names, sample_rows(seen, 128))

    for kind in options.only.split(","):
        source = model
        if kind in ("qat", "prune", "cluster"):
            source = compress(model, seen, method=kind, **training)
        modes = {"qat": ["int8"], "prune": ["none", "int8"], "cluster": ["none", "int8"]}
        for mode in modes.get(kind, [kind]):
            content = convert(
                source, quantize=mode, representative_data=ranges(), description=description
            )
            found = verify(model, content, maps)
            row = figures({kind: content}, unseen, rows, runs=0)[kind]
            name = kind if kind == mode else f"{kind}, {mode}"
            print(
                SHOWN.format(
                    name, found.equal_classes, found.largest_difference, row["uf1"],
                    row["bytes"] / 1e6, row["zipped"] / 1e6,
                )
            )  # fmt: skip
            if kind == "none":
                keras_uf1 = uf1(unseen.labels, found.reference.argmax(-1), len(unseen.classes))
                print(f"{'Keras':18} UF1 {keras_uf1:.4f} on {len(unseen)} clips")


if __name__ == "__main__":
    main()
