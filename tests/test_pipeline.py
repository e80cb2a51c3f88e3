import subprocess
import sys

import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.pipeline import make_batches, make_dataset

MAKERS = (make_batches, make_dataset)


def coordinate_maps(count=24, size=28):
    """Maps whose values say which clip, row and column they came from; u is odd in the column."""
    clip, row, column = np.meshgrid(
        np.arange(count), np.arange(size), np.arange(size), indexing="ij"
    )
    apex = np.stack([clip, row, column], axis=-1).astype(np.uint8)
    difference = (row * 9 + column).astype(np.uint8)[..., None]
    flow = np.stack([column - size / 2, row, clip], axis=-1).astype(np.float16)
    return {"apex": apex, "difference": difference, "flow": flow}


def passes(batches, count):
    """All batches of some passes, as NumPy."""
    found = []
    for _ in range(count):
        for maps, labels in batches:
            found.append(
                ({name: np.asarray(value) for name, value in maps.items()}, np.asarray(labels))
            )
    return found


def equal(one, other):
    return len(one) == len(other) and all(
        a[0].keys() == b[0].keys()
        and all(np.array_equal(a[0][name], b[0][name]) for name in a[0])
        and np.array_equal(a[1], b[1])
        for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("make", MAKERS)
def test_batches_hold_the_maps_as_float32_in_order(make):
    features, labels = coordinate_maps(10), np.arange(10)
    batches = make(features, labels, batch_size=4)
    assert len(batches) == 3
    found = passes(batches, 1)
    assert [len(targets) for _, targets in found] == [4, 4, 2]
    for name, array in features.items():
        value = np.concatenate([maps[name] for maps, _ in found])
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, array.astype(np.float32))
    targets = np.concatenate([targets for _, targets in found])
    assert targets.dtype == np.int64
    np.testing.assert_array_equal(targets, labels)


@pytest.mark.parametrize("make", MAKERS)
def test_without_labels_a_batch_is_a_dict(make):
    features = {"flow": coordinate_maps(3)["flow"]}
    (batch,) = list(make(features))
    assert list(batch) == ["flow"]
    assert tuple(batch["flow"].shape) == (3, 28, 28, 3)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("augment", [False, True])
def test_a_seed_fixes_all_passes_and_each_pass_differs(make, augment):
    features, labels = coordinate_maps(), np.arange(24)
    options = {"batch_size": 10, "shuffle": True, "augment": augment}
    first = passes(make(features, labels, seed=3, **options), 2)
    assert equal(first, passes(make(features, labels, seed=3, **options), 2))
    assert not equal(first[:3], first[3:])
    assert not equal(first, passes(make(features, labels, seed=4, **options), 2))
    assert not equal(
        passes(make(features, labels, **options), 1), passes(make(features, labels, **options), 1)
    )
    for one_pass in (first[:3], first[3:]):
        order = np.concatenate([targets for _, targets in one_pass])
        assert sorted(order) == list(range(24))
        assert list(order) != list(range(24))


def test_tensorflow_and_numpy_yield_the_same_batches():
    features, labels = coordinate_maps(), np.arange(24)
    options = {"batch_size": 10, "augment": True, "seed": 5}
    assert equal(
        passes(make_dataset(features, labels, **options), 3),
        passes(make_batches(features, labels, **options), 3),
    )


def test_shuffling_follows_augmentation_unless_said():
    features, labels = coordinate_maps(), np.arange(24)
    ((_, order),) = passes(make_batches(features, labels, augment=True, shuffle=False, seed=0), 1)
    np.testing.assert_array_equal(order, labels)
    ((_, order),) = passes(make_batches(features, labels, augment=True, seed=0), 1)
    assert list(order) != list(labels)


@pytest.mark.parametrize("flow_range", ["pixels", "bytes"])
def test_all_maps_of_a_clip_are_mirrored_and_moved_alike(flow_range):
    features = coordinate_maps()
    if flow_range == "bytes":
        features["flow"] = (features["flow"] + 14).astype(np.uint8)
    batches = make_batches(
        features, np.arange(24), augment=True, shuffle=False, flow_range=flow_range, seed=1
    )
    seen = set()
    for maps, labels in passes(batches, 4):
        for clip, apex, difference, flow in zip(
            labels, maps["apex"], maps["difference"], maps["flow"], strict=True
        ):
            # Read off the apex map what was done, and demand the same of the other two.
            row, column = apex[..., 1].astype(int), apex[..., 2].astype(int)
            mirrored = column[14, 20] < column[14, 10]
            down = 14 - row[14, 14]
            right = (13 if mirrored else 14) - column[14, 14]
            seen.add((bool(mirrored), int(down), int(right)))
            places = np.clip(np.arange(28) - down, 0, 27)
            np.testing.assert_array_equal(row, np.repeat(places[:, None], 28, axis=1))
            expected = np.sort(column[0])[::-1] if mirrored else np.sort(column[0])
            np.testing.assert_array_equal(column, np.repeat(expected[None], 28, axis=0))
            assert set(np.diff(column[0])) <= ({0, -1} if mirrored else {0, 1})
            assert (apex[..., 0] == clip).all()
            np.testing.assert_array_equal(
                difference, features["difference"][clip, row, column].astype(np.float32)
            )
            source = features["flow"][clip, row, column].astype(np.float32)
            if mirrored:
                source[..., 0] = 255 - source[..., 0] if flow_range == "bytes" else -source[..., 0]
            np.testing.assert_array_equal(flow, source)
    assert {mirrored for mirrored, *_ in seen} == {False, True}
    assert {down for _, down, _ in seen} == {-1, 0, 1}
    assert {abs(right) for *_, right in seen} == {0, 1}


def test_a_mirrored_clip_has_the_flow_of_the_mirrored_frames():
    import cv2

    from dfrnet_keras.features.extract import extract_features

    texture = cv2.GaussianBlur(
        np.random.default_rng(0).uniform(0, 255, (140, 140, 3)), (0, 0), 2
    ).astype(np.uint8)
    frames = np.stack([texture[6:134, 6:134], texture[5:133, 4:132]])  # 2 px right, 1 px down
    plain = extract_features(frames, onset=0, apex=1, size=128, flow_method="farneback")
    mirror = extract_features(
        frames[:, :, ::-1], onset=0, apex=1, size=128, flow_method="farneback"
    )
    features = {name: np.stack([getattr(plain, name)] * 12) for name in plain._fields}
    batches = make_batches(features, np.arange(12), augment=True, shuffle=False, seed=0)
    reach = 5  # ceil(128 / 28)
    inner = slice(16 + reach, 112 - reach)
    mirrored = 0
    for maps, _ in passes(batches, 1):
        for row in range(12):
            # The move is found by matching the apex frame against either original.
            window = maps["apex"][row, inner, inner]
            for is_mirror, original in enumerate((plain, mirror)):
                for down in range(-reach, reach + 1):
                    for right in range(-reach, reach + 1):
                        place = np.s_[
                            inner.start - down : inner.stop - down,
                            inner.start - right : inner.stop - right,
                        ]
                        if not np.array_equal(window, original.apex[place]):
                            continue
                        mirrored += is_mirror
                        error = maps["flow"][row, inner, inner] - original.flow[place]
                        assert np.abs(error[..., :2]).mean() < 0.05
                        assert np.abs(maps["flow"][row, inner, inner, 0]).mean() > 1.5
    assert 0 < mirrored < 12


@pytest.mark.parametrize(("size", "reach"), [(28, 1), (32, 2), (224, 8)])
def test_the_reach_of_a_move_is_a_28th_of_the_size(size, reach):
    row = np.arange(size, dtype=np.float32)[None, :, None, None]
    maps = {"difference": np.broadcast_to(row, (200, size, size, 1))}
    downs = set()
    for batch in make_batches(maps, batch_size=50, augment=True, seed=0):
        downs |= {int(size // 2 - value) for value in batch["difference"][:, size // 2, 0, 0]}
    assert downs == set(range(-reach, reach + 1))


@pytest.mark.parametrize("make", MAKERS)
def test_memory_maps_are_read_and_left_alone(tmp_path, make):
    flow = coordinate_maps(6)["flow"]
    np.save(tmp_path / "flow.npy", flow)
    mapped = np.load(tmp_path / "flow.npy", mmap_mode="r")
    passes(make({"flow": mapped}, np.arange(6), augment=True, seed=0), 2)
    np.testing.assert_array_equal(np.load(tmp_path / "flow.npy"), flow)


@pytest.mark.parametrize("make", MAKERS)
def test_keras_sees_each_pass_anew_and_the_same_passes_again(make):
    import keras

    features, labels = {"flow": coordinate_maps(12)["flow"]}, np.arange(12) % 3
    losses = []
    for _ in range(2):
        inputs = keras.Input((28, 28, 3), name="flow")
        pooled = keras.layers.GlobalAveragePooling2D()(inputs)
        dense = keras.layers.Dense(
            3, activation="softmax", kernel_initializer=keras.initializers.GlorotUniform(seed=0)
        )
        model = keras.Model({"flow": inputs}, dense(pooled))
        # With a learning rate of zero the loss changes with the maps alone.
        model.compile(keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
        data = make(features, labels, batch_size=5, augment=True, seed=2)
        losses.append(model.fit(data, epochs=3, verbose=0, shuffle=False).history["loss"])
    np.testing.assert_array_equal(losses[0], losses[1])
    assert len(set(losses[0])) == 3


def test_arguments_that_cannot_be_used_are_refused():
    features, labels = coordinate_maps(4), np.arange(4)
    for wrong, message in (
        ({"batch_size": 0}, "batch_size is 0"),
        ({"flow_range": "metres"}, "flow_range is 'metres': choose one of pixels, bytes"),
        ({"seed": -1}, "seed is -1"),
        ({"labels": np.arange(3)}, "one class number for each of the 4 clips"),
        ({"labels": np.ones(4)}, "labels is float64"),
        ({"features": {}}, "features is empty"),
        ({"features": {"flow": np.zeros((4, 8, 8))}}, r"flow has the shape \(4, 8, 8\)"),
        ({"features": {**features, "apex": np.zeros((4, 8, 8, 3))}}, "differ in number or size"),
        ({"features": {**features, "apex": np.zeros((3, 28, 28, 3))}}, "differ in number or size"),
    ):
        arguments = {"features": features, "labels": labels, **wrong}
        for make in MAKERS:
            with pytest.raises(InputError, match=message):
                make(**arguments)


def test_importing_the_pipeline_loads_neither_keras_nor_tensorflow():
    code = (
        "import sys, dfrnet_keras.pipeline, dfrnet_keras.store, dfrnet_keras.datasets;"
        "assert not {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
