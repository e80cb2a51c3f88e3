import shutil
import zipfile

import keras
import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.models.saving import load_network, save_network


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,), name="flow")
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(inputs))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(np.eye(4), np.arange(4) % 3, epochs=3, verbose=0)
    return model


def test_the_model_that_is_saved_stays_compiled(model, tmp_path):
    optimizer, steps = model.optimizer, int(model.optimizer.iterations)
    save_network(model, tmp_path / "model.keras", {"classes": ["a", "b", "c"]})
    assert model.compiled
    assert model.optimizer is optimizer
    model.fit(np.eye(4), np.arange(4) % 3, verbose=0)
    assert int(model.optimizer.iterations) == steps + 1
    again, description = load_network(tmp_path / "model.keras")
    assert description == {"classes": ["a", "b", "c"]}
    assert not again.compiled
    for one, other in zip(again.get_weights(), model.get_weights(), strict=True):
        assert one.shape == other.shape


@pytest.mark.filterwarnings("error::UserWarning")
def test_plain_keras_loads_it_without_a_warning(model, tmp_path):
    path = save_network(model, tmp_path / "model.keras", {})
    loaded = keras.saving.load_model(path)
    np.testing.assert_array_equal(loaded.predict_on_batch(np.eye(4)),
                                  model.predict_on_batch(np.eye(4)))  # fmt: skip


def test_a_file_is_replaced_only_when_asked_and_only_by_a_whole_one(model, tmp_path, monkeypatch):
    path = save_network(model, tmp_path / "model.keras", {"run": 1})
    with pytest.raises(InputError, match="is there already"):
        save_network(model, path, {"run": 2})

    def stopped(*_):
        raise RuntimeError("stopped")

    with monkeypatch.context() as patched:
        patched.setattr(zipfile.ZipFile, "writestr", stopped)
        with pytest.raises(RuntimeError, match="stopped"):
            save_network(model, path, {"run": 2}, overwrite=True)
    assert load_network(path)[1] == {"run": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]
    save_network(model, path, {"run": 2}, overwrite=True)
    assert load_network(path)[1] == {"run": 2}


def test_files_that_are_no_network(model, tmp_path):
    path = save_network(model, tmp_path / "model.keras", {})
    renamed = shutil.copy(path, tmp_path / "model.h5")
    with pytest.raises(InputError, match=r"model\.h5 is not a \.keras file"):
        load_network(renamed)
    (tmp_path / "text.keras").write_text("nothing")
    (tmp_path / "cut.keras").write_bytes(path.read_bytes()[:-100])
    for name in ("text.keras", "cut.keras", "none.keras"):
        with pytest.raises(InputError, match=rf"{name} is not a \.keras file"):
            load_network(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as file:
        file.writestr("readme.txt", "something else")
    content = bytearray(path.read_bytes())
    content[200:400] = bytes(200)
    (tmp_path / "damaged.keras").write_bytes(content)
    for name in ("other.keras", "damaged.keras"):
        with pytest.raises(InputError, match=rf"{name} cannot be loaded"):
            load_network(tmp_path / name)
