import base64
import io
import re

import matplotlib.image
import numpy as np
import pytest

from dfrnet_keras.evaluation.run import FoldRecord
from dfrnet_keras.report.losses import loss_pictures
from dfrnet_keras.report.map_pictures import MapColors
from dfrnet_keras.report.plots import confusion_picture


def decoded(picture):
    return base64.b64decode(re.search(r'base64,([^"]+)', picture).group(1))


def pixels(picture):
    return matplotlib.image.imread(io.BytesIO(decoded(picture)))


def test_confusion_counts_and_shares():
    picture = confusion_picture([[9, 1, 0], [0, 4, 0], [0, 0, 0]], ["no", "yes", "<maybe>"])
    texts = re.findall(r">([^<]+)</text>", decoded(picture).decode())
    assert {"predicted", "true", "no", "yes", "&lt;maybe&gt;"} <= set(texts)
    cells = [text for text in texts if re.fullmatch(r"[\d %]+", text)]
    assert cells == ["9", "90 %", "1", "10 %", "0", "0 %", "0", "0 %", "4", "100 %", "0", "0 %",
                     "0", "0 %", "0", "0 %", "0", "0 %"]  # fmt: skip
    assert "no as yes 1" in picture
    assert "<maybe>" not in picture


def folds_of(curves):
    return [FoldRecord(number, 0, "d", "s", (), curves=one) for number, one in enumerate(curves)]


def test_curves_of_one_fold_of_many_and_of_none():
    assert loss_pictures([]) == ""
    assert loss_pictures(folds_of([{}, {"other": [1.0]}])) == ""
    one = loss_pictures(folds_of([{"loss": [1.0, 0.5]}]))
    assert one.count("<img") == 1
    assert b"median" not in decoded(one)
    both = loss_pictures(folds_of([{"loss": [1.0, 0.5], "validation_loss": [2.0, 1.0]}] * 3))
    assert both.count("<img") == 2
    assert b"median of 3 folds" in decoded(both)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "losses",
    [[[float("nan")]], [[float("inf"), 1.0], [0.5]], [[0.0, 0.0]], [[1e-9, 1e6], [1.0]], [[1.0]]],
)
def test_curves_of_odd_losses(losses):
    assert loss_pictures(folds_of([{"loss": loss} for loss in losses])).startswith("<img")


def test_maps_share_one_scale_of_colours():
    flow = np.zeros((2, 40, 40, 3), np.float16)
    flow[0, ..., 0] = 2.0
    flow[1, ..., 0] = -1.0
    flow[..., 2] = 0.25
    maps = {
        "flow": flow,
        "apex": np.full((2, 40, 40, 3), (200, 100, 50), np.uint8),
        "difference": np.full((2, 40, 40, 1), 9, np.uint8),
    }
    colors = MapColors(maps, "pixels")
    assert colors.limits["u"] == colors.limits["v"] == (-2.0, 2.0)
    assert colors.limits["strain"] == (0.0, 0.25)
    shown = [dict(colors.pictures(maps, clip)) for clip in range(2)]
    assert list(shown[0]) == ["u", "v", "strain", "difference", "apex"]
    right, left, still = pixels(shown[0]["u"]), pixels(shown[1]["u"]), pixels(shown[0]["v"])
    assert right[0, 0, 0] > 2 * right[0, 0, 2]  # red
    assert left[0, 0, 2] > 1.5 * left[0, 0, 0]  # blue
    assert still[0, 0].min() > 0.9  # nearly white
    np.testing.assert_allclose(pixels(shown[0]["apex"])[0, 0, :3] * 255, (200, 100, 50), atol=0.5)
    assert 'class="coarse"' in shown[0]["u"]
    assert colors.key().count("<img") == 4


def test_flow_in_bytes_is_centred_between_its_ends():
    maps = {"flow": np.full((1, 8, 8, 3), 255, np.uint8)}
    colors = MapColors(maps, "bytes")
    assert colors.limits == {"u": (0.0, 255.0), "v": (0.0, 255.0), "strain": (0.0, 255.0)}
    assert "(pixels)" not in decoded(colors.key()).decode()


def test_large_maps_are_made_smaller_and_still_ones_do_not_divide_by_nothing():
    maps = {"flow": np.zeros((1, 225, 225, 3), np.float16)}
    maps["flow"][0, :, :112, 0] = 1.0
    colors = MapColors(maps, "pixels")
    shown = dict(colors.pictures(maps, 0))
    picture = pixels(shown["u"])
    assert picture.shape[:2] == (112, 112)
    assert picture[0, 0, 0] > 2 * picture[0, 0, 2]
    assert picture[0, -1].min() > 0.9
    assert 'class="coarse"' not in shown["u"]
    assert colors.limits["strain"] == (0.0, 1.0)
    assert MapColors({"apex": np.zeros((1, 8, 8, 3), np.uint8)}, "pixels").key() == ""
