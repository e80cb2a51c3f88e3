"""What all networks of the comparison have to stand, and the figures of each."""

import keras
import numpy as np
import pytest

from dfrnet_keras.datasets.synthetic.flow import CUT_FACES, MEGC2019_MAPS
from dfrnet_keras.errors import InputError
from dfrnet_keras.models import build_model, count, normalization_layers
from dfrnet_keras.models.fgrl_auf import LAYOUTS, face_points
from dfrnet_keras.models.losses import loss_of, outputs_to_train

# Parameters and multiply-accumulates at the size of each network's own paper, and at 28.
# Off-TANet's authors print 2.66 M and 3.87 M for OFF-ApexNet, 6.45 M and 12.64 M for
# Dual-Inception, additions of the poolings included.
COUNTS = {
    "off-apexnet": {28: (2_664_475, 3_833_280)},
    "rcn-a": {60: (55_747, 76_076_224), 28: (53_251, 13_978_368)},
    "dual-inception": {28: (6_449_867, 12_396_544)},
    "featref": {28: (9_607_886, 15_551_488)},
    "capsulenet": {224: (13_842_496, 7_570_948_096), 28: (4_012_096, 345_656_320)},
    "htnet-small": {28: (571_045, 48_319_872)},
    "me-plan": {28: (440_948, 20_974_784)},
    "fgrl-auf": {56: (1_759_647, 4_940_197), 28: (1_759_647, 4_940_197)},
    "sssnet": {64: (1_349_251, 15_939_840), 28: (1_349_251, 15_939_840)},
}
# Small, where a network takes long.
SMALL = {"capsulenet": {"features": "T", "input_size": 16}}


def small(name, **options):
    return build_model(name, **{"input_size": 28, **SMALL.get(name, {}), **options})


def maps_for(model, number=6, seed=0):
    (inputs,) = model.inputs
    maps = np.random.default_rng(seed).uniform(0, 255, (number, *inputs.shape[1:]))
    return {inputs.name: maps.astype("float32")}


def unlike_fresh(model):
    """Weights that no two layers have in common; normalisation that brings bytes to about one."""
    random = np.random.default_rng(1)
    for layer in normalization_layers(model).values():
        layer.set_statistics([120, 130, 90], [70**2, 60**2, 50**2])
    for weight in model.trainable_weights:
        weight.assign(np.asarray(weight) + random.normal(0, 0.01, weight.shape))
    return model


@pytest.mark.parametrize(("name", "size"), [(n, s) for n in COUNTS for s in COUNTS[n]])
def test_counts(name, size):
    counts = count(build_model(name, input_size=size))
    assert (counts.parameters, counts.macs) == COUNTS[name][size]


@pytest.mark.parametrize("name", COUNTS)
def test_survives_its_file(name, tmp_path):
    model = unlike_fresh(small(name))
    maps = maps_for(model)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
    probabilities = keras.ops.convert_to_numpy(model(maps))
    assert probabilities.shape == (6, 3)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    assert np.ptp(probabilities, axis=0).max() > 1e-4
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(loaded(maps)), probabilities)


@pytest.mark.parametrize("name", COUNTS)
def test_softmax_of_the_trained_outputs_is_the_answer(name):
    """What is trained and what is deployed have the same weights and say the same."""
    trained = unlike_fresh(small(name, classifier_activation=None, **outputs_to_train(name)))
    deployed = small(name)
    deployed.set_weights(trained.get_weights())
    maps = maps_for(trained)
    logits = keras.ops.convert_to_numpy(trained(maps))[:, :3]
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(deployed(maps)),
        shifted / shifted.sum(1, keepdims=True),
        rtol=1e-4,
        atol=1e-6,
    )


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name, marks=() if name == "rcn-a" else pytest.mark.slow
        )  # compiling takes long
        for name in COUNTS
    ],
)
def test_every_weight_learns(name):
    keras.utils.set_random_seed(0)
    smallest = 28 if name in ("htnet-small", "me-plan") else 16
    options = {"input_size": smallest, "classifier_activation": None, **outputs_to_train(name)}
    model = unlike_fresh(small(name, **options))
    model.compile(keras.optimizers.Adam(3e-4), loss_of(name), jit_compile=False)
    before = [np.array(weight) for weight in model.trainable_weights]
    maps, labels = maps_for(model), np.arange(6) % 3
    losses = []
    for _ in range(10):
        model.reset_metrics()  # or the loss would be the mean of all steps so far
        losses.append(float(model.train_on_batch(maps, labels)))
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
    for old, weight in zip(before, model.trainable_weights, strict=True):
        assert not np.array_equal(old, np.array(weight)), weight.path


@pytest.mark.parametrize("name", ["off-apexnet", "dual-inception", "featref"])
def test_streams_see_u_and_v_alone(name):
    model = unlike_fresh(small(name))
    maps = maps_for(model)
    answer = keras.ops.convert_to_numpy(model(maps))
    for channel, changes in ((0, True), (1, True), (2, False)):
        other = maps["flow"].copy()
        other[..., channel] = 255 - other[..., channel]
        same = np.array_equal(keras.ops.convert_to_numpy(model({"flow": other})), answer)
        assert same != changes


def test_rcn_applies_one_kernel_twice():
    model = build_model("rcn-a", input_size=28)
    assert len(model.get_layer("recurrent")._inbound_nodes) == 2
    assert [w.shape for w in model.get_layer("recurrent").weights] == [(3, 3, 64, 64), (64,)]


def test_capsulenet_at_its_own_size_has_the_capsules_of_the_paper():
    model = build_model("capsulenet")
    assert {i.name: i.shape for i in model.inputs} == {"apex": (None, 224, 224, 3)}
    assert model.get_layer("stage3_block2").output.shape == (None, 28, 28, 256)
    assert model.get_layer("parts").output.shape == (None, 32 * 6 * 6, 8)
    assert model.get_layer("class_capsules").output.shape == (None, 3, 16)


def test_sssnet_sees_every_map_at_its_own_size():
    for size in (28, 64, 96):
        model = build_model("sssnet", input_size=size)
        assert model.get_layer("flatten").output.shape[1] == 9 * 9 * 64
        maps = maps_for(model)
        answer = keras.ops.convert_to_numpy(model(maps))
        np.testing.assert_array_equal(answer, keras.ops.convert_to_numpy(model(maps)))
        still = keras.ops.convert_to_numpy(model(maps, training=False))
        np.testing.assert_array_equal(answer, still)
    assert len(model.losses) == 4  # the decay of each kernel


def test_fgrl_auf_has_the_parameters_of_its_authors_code():
    """1,046,669 by their code; five of the six encoders of each part act on nothing there."""
    whole = build_model("fgrl-auf", components="s", in_series=True)
    acting = build_model("fgrl-auf", components="s")
    assert count(whole).parameters == 1_046_669
    assert count(whole).parameters - count(acting).parameters == 10 * 38_005


def test_points_of_the_face_lie_where_its_layout_says():
    for layout, place in (("cut", CUT_FACES), ("megc2019", MEGC2019_MAPS)):
        assert LAYOUTS[layout] == (place.eye_row, place.mouth_row, place.eye_offset)
        brow, mouth = (np.array(part) for part in face_points(layout))
        assert (len(brow), len(mouth)) == (10, 20)
        assert (brow[:, 0] < place.eye_row).all()
        assert (abs(mouth[:, 0] - place.mouth_row) < 0.15).all()
        for part in (brow, mouth):  # both sides of the face alike
            assert part[:, 1].mean() == pytest.approx(0.5)


def test_episode_loss():
    """Nearest of two prototypes, by hand; a class that is not shown does not count."""
    embedded = np.zeros((8, 64))
    embedded[:, 0] = [0, 0.2, 2, 2.2, 0.1, 2.1, 1.1, 5]
    labels = np.array([0, 0, 1, 1, 0, 1, 0, 2])
    distances = np.square(embedded[4:7, :1] - np.array([[0.1, 2.1]]))
    chances = np.exp(-distances) / np.exp(-distances).sum(1, keepdims=True)
    expected = -np.log([chances[0, 0], chances[1, 1], chances[2, 0]]).mean()
    outputs = np.concatenate([np.full((8, 3), 7.0), embedded], axis=1)
    assert float(loss_of("me-plan")(labels, outputs)) == pytest.approx(expected, rel=1e-4)


def test_margin_loss():
    lengths = np.array([[0.8, 0.3, 0.0], [0.2, 0.995, 0.005]])
    loss = loss_of("capsulenet")(np.array([0, 1]), np.log(lengths + 1e-12))
    first = (0.99 - 0.8) ** 2 + 0.5 * (0.3 - 0.01) ** 2
    second = 0.5 * (0.2 - 0.01) ** 2
    assert float(loss) == pytest.approx((first + second) / 2, rel=1e-4)


def test_proposal_loss():
    outputs = np.array([[2.0, 0, -1, 3, -2, 0]])
    logits, branches = outputs[0, :3], outputs[0, 3:]
    whole = -logits[0] + np.log(np.exp(logits).sum())
    chances = 1 / (1 + np.exp(-branches))
    single = -np.log([chances[0], 1 - chances[1], 1 - chances[2]]).mean()
    loss = loss_of("featref")(np.array([0]), outputs)
    assert float(loss) == pytest.approx(whole + single, rel=1e-5)


@pytest.mark.parametrize("name", COUNTS)
def test_bad_arguments(name):
    with pytest.raises(InputError, match="takes input_size from"):
        build_model(name, input_size=3)
    with pytest.raises(InputError, match="classes must be 1 or more"):
        build_model(name, classes=0)


def test_arguments_of_single_networks():
    with pytest.raises(InputError, match="features S or T, not D"):
        build_model("capsulenet", features="D")
    with pytest.raises(InputError, match="proposals are logits"):
        build_model("featref", proposals=True)
    with pytest.raises(InputError, match="embeddings go with logits"):
        build_model("me-plan", embeddings=True)
    with pytest.raises(InputError, match="components are letters among u, v and s"):
        build_model("fgrl-auf", components="ux")
