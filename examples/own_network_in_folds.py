"""A Keras network of your own in the same folds as the methods of the package, and compared.

python examples/own_network_in_folds.py
"""

import keras
import numpy as np

from dfrnet_keras.datasets.synthetic import load_synthetic
from dfrnet_keras.evaluation import evaluate_loso
from dfrnet_keras.evaluation.learner import Learner
from dfrnet_keras.learners.make import make_learner
from dfrnet_keras.store import FeatureStore


class OwnNetwork(Learner):
    """Trains a small network on the flow of a fold's training clips."""

    needs_keras = True

    def __init__(self, store: FeatureStore, epochs: int) -> None:
        self.store = store
        self.epochs = epochs

    def fit_predict(self, folds, seed):
        flow = self.store.arrays["flow"].astype("float32")
        for fold in folds:
            keras.utils.set_random_seed(seed)
            # What normalises the maps comes from the training clips alone.
            normalization = keras.layers.Normalization()
            normalization.adapt(flow[fold.train])
            network = keras.Sequential([
                keras.Input(flow.shape[1:]),
                normalization,
                keras.layers.Conv2D(8, 3, strides=2, activation="relu"),
                keras.layers.Flatten(),
                keras.layers.Dense(len(self.store.classes), activation="softmax"),
            ])  # fmt: skip
            network.compile("adam", "sparse_categorical_crossentropy")
            labels = self.store.labels[fold.train]
            history = network.fit(flow[fold.train], labels, epochs=self.epochs, verbose=0)
            chances = network.predict(flow[fold.test], verbose=0)
            yield fold, np.asarray(chances), {"loss": history.history["loss"]}


def main(folder: str = "own_folds", subjects: int = 6, epochs: int = 10) -> dict:
    clips = load_synthetic(f"{folder}/clips", subjects=subjects, clips_per_subject=6)
    store = FeatureStore.build(clips, f"{folder}/store", size=28, flow_method="dis")
    learners = {"own": OwnNetwork(store, epochs), "svm": make_learner("svm", store)}
    runs = {
        name: evaluate_loso(learner, store, run_dir=f"{folder}/{name}", validation="none")
        for name, learner in learners.items()
    }
    for name, run in runs.items():
        print(f"{name}: UF1 {run.metrics()['uf1']:.3f}")
    # Whether they differ is asked person by person: dfr-keras compare prints the same.
    return {name: run.metrics()["uf1"] for name, run in runs.items()}


if __name__ == "__main__":
    main()
