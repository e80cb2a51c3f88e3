"""A network of your own in the folds: leave-one-subject-out, compared with a baseline.

    python examples/own_network_in_folds.py

All that is yours is `build_network` and how it is fitted; which clips are trained on, and what is
measured, is that of every method here. The run folders are read by `dfr-keras evaluate`, `compare`
and `report`.
"""

from pathlib import Path

import keras
import numpy as np
from keras import layers

from dfrnet_keras.datasets.synthetic import load_synthetic
from dfrnet_keras.evaluation import Learner, Run, compare_runs, evaluate_loso
from dfrnet_keras.layers import ChannelAttention, FeatureNormalization, ResidualBlock
from dfrnet_keras.learners import KernelLearner
from dfrnet_keras.store import FeatureStore


def build_network(training_flow: np.ndarray, classes: int) -> keras.Model:
    """A small network of flow; it knows the statistics of the training clips alone."""
    inputs = keras.Input(training_flow.shape[1:], name="flow")
    normalize = FeatureNormalization()
    x = normalize(inputs)
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(x)
    x = ResidualBlock(16)(x)
    x = ChannelAttention(ratio=4)(x)
    x = layers.GlobalAveragePooling2D()(x)
    network = keras.Model(inputs, layers.Dense(classes, activation="softmax")(x))
    normalize.set_statistics(training_flow.mean((0, 1, 2)), training_flow.var((0, 1, 2)))
    return network


class MyLearner(Learner):
    """Trains `build_network` on each fold."""

    needs_keras = True

    def __init__(self, store: FeatureStore, epochs: int) -> None:
        self.store, self.epochs = store, epochs

    @property
    def settings(self) -> dict:
        # Kept in the run folder: a run goes on only where they are the same.
        return {"name": "my-network", "epochs": self.epochs}

    def fit_predict(self, folds, seed):
        for fold in folds:
            # Everything starts anew: weights, order, and the statistics of the maps.
            keras.backend.clear_session()
            keras.utils.set_random_seed(seed)
            flow = self.store.take(fold.train)["flow"].astype("float32")
            network = build_network(flow, len(self.store.classes))
            network.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
            labels = self.store.labels[fold.train]
            history = network.fit(flow, labels, epochs=self.epochs, batch_size=16, verbose=0)
            tested = self.store.take(fold.test)["flow"].astype("float32")
            yield fold, network.predict(tested, verbose=0), {"loss": history.history["loss"]}


def main(folder: str = "folds", subjects: int = 6, epochs: int = 15) -> tuple[Run, Run]:
    clips = load_synthetic(Path(folder) / "clips", subjects=subjects, clips_per_subject=12, size=64)
    store = FeatureStore.build(clips, Path(folder) / "store", size=28, flow_method="dis")

    # `validation="none"`: the last epoch counts. To stop early, use `fold.validation`, a few
    # training subjects; never the test clips.
    runs = []
    for name, learner in (("mine", MyLearner(store, epochs)), ("svm", KernelLearner("svm", store))):
        run = evaluate_loso(learner, store, run_dir=Path(folder) / name, validation="none")
        print(f"{name}: UF1 {run.metrics()['uf1']:.3f}")
        runs.append(run)
    (comparison,) = compare_runs(runs, names=["mine", "svm"], samples=1000)
    print(comparison)
    return runs[0], runs[1]


if __name__ == "__main__":
    main()
