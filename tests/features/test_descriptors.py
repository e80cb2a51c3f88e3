import numpy as np
import pytest

from dfrnet_keras.errors import InputError
from dfrnet_keras.features.descriptors import bi_woof, flow_grid, lbp_top


def field(size, u, v, strain=1.0):
    return np.stack([np.full((size, size), value, np.float32) for value in (u, v, strain)], -1)


class TestFlowGrid:
    def test_what_all_places_share_is_left_out(self):
        flow = np.random.default_rng(0).normal(size=(28, 28, 3))
        there = flow_grid(flow)
        assert there.shape == (14 * 14 * 2,)
        np.testing.assert_allclose(flow_grid(flow + np.array([7, -3, 5])), there, atol=1e-5)

    def test_a_moving_corner_is_found_there(self):
        flow = field(28, 0, 0)
        flow[20:, :8, 1] = 3
        grid = flow_grid(flow).reshape(14, 14, 2)
        assert grid[12, 1, 1] == pytest.approx(3, abs=0.1)
        assert np.abs(grid[..., 0]).max() == 0
        assert np.abs(grid[:8]).max() < 1e-3

    def test_bad_input(self):
        with pytest.raises(InputError, match="do not fit"):
            flow_grid(field(13, 0, 0))
        with pytest.raises(InputError, match=r"give \(height, width, 2\)"):
            flow_grid(np.zeros((28, 28)))


class TestBiWoof:
    def test_one_direction_fills_one_bin_of_every_block(self):
        # To the right: angle 0, the first of the four bins from 0 on.
        histograms = bi_woof(field(30, 2, 0)).reshape(25, 8)
        assert np.linalg.norm(histograms) == pytest.approx(1)
        np.testing.assert_allclose(histograms[:, 4], 0.2)
        assert histograms.sum() == pytest.approx(5)
        upwards = bi_woof(field(30, 0, -2)).reshape(25, 8)
        assert (upwards.argmax(1) == 2).all()  # -90 degrees

    def test_magnitude_weighs_inside_a_block_and_strain_between_blocks(self):
        flow = field(10, 1, 0.0)
        flow[:, 5:, 0] = -3.0  # to the left, three times as fast
        flow[..., 1] = 1e-9
        inside = bi_woof(flow, blocks=1).round(6)
        assert inside[7] == pytest.approx(3 * inside[4], rel=1e-4)
        flow = field(10, 1, 0)
        flow[5:, 5:, 2] = 4
        blocks = bi_woof(flow, blocks=2).reshape(4, 8)[:, 4]
        np.testing.assert_allclose(blocks / blocks[0], [1, 1, 1, 4])

    def test_a_still_face_is_all_zero(self):
        assert not bi_woof(np.zeros((28, 28, 3))).any()

    def test_bad_input(self):
        with pytest.raises(InputError, match="then strain"):
            bi_woof(np.zeros((28, 28, 2)))


class TestLbpTop:
    def test_still_frames_have_flat_planes_of_time(self):
        frame = np.random.default_rng(0).integers(0, 256, (40, 40), np.uint8)
        histograms = lbp_top(np.stack([frame] * 6)).reshape(25, 3, 16)
        np.testing.assert_allclose(histograms.sum(-1), 1)
        # Before and after equal the middle: both bits of time are set in every pattern.
        assert histograms[:, 1:, :12].sum() == 0
        assert histograms[:, 0, :12].sum() > 10

    def test_a_bar_that_moves_to_the_right_is_not_one_that_moves_down(self):
        place = np.arange(40)
        right = np.stack(
            [np.tile(127 + 120 * np.sin(0.4 * (place - t)), (40, 1)) for t in range(20)]
        )
        right = right.astype(np.uint8)
        across = lbp_top(right).reshape(25, 3, 16)
        down = lbp_top(right.transpose(0, 2, 1)).reshape(25, 3, 16)
        np.testing.assert_allclose(across[:, 1].mean(0), down[:, 2].mean(0), atol=1e-12)
        assert np.abs(across[:, 1] - across[:, 2]).max() > 0.2

    def test_a_brute_force_count_of_one_block(self):
        clip = np.random.default_rng(1).integers(0, 256, (20, 12, 12), np.uint8)
        counts = np.zeros((3, 16))
        for t in range(4, 16):
            for y in range(1, 11):
                for x in range(1, 11):
                    middle = clip[t, y, x]
                    bits = {
                        "x": (clip[t, y, x - 1] >= middle) + 2 * (clip[t, y, x + 1] >= middle),
                        "y": (clip[t, y - 1, x] >= middle) + 2 * (clip[t, y + 1, x] >= middle),
                        "t": (clip[t - 4, y, x] >= middle) + 2 * (clip[t + 4, y, x] >= middle),
                    }
                    for plane, (first, second) in enumerate(("xy", "xt", "yt")):
                        counts[plane, bits[first] + 4 * bits[second]] += 1
        expected = counts / counts.sum(1, keepdims=True)
        np.testing.assert_allclose(lbp_top(clip, blocks=1).reshape(3, 16), expected)

    @pytest.mark.parametrize("count", [2, 7, 60])
    def test_clips_of_any_length_have_descriptors_of_one(self, count):
        frames = np.random.default_rng(2).integers(0, 256, (count, 20, 20), np.uint8)
        assert lbp_top(frames).shape == (5 * 5 * 3 * 16,)

    @pytest.mark.parametrize(
        ("frames", "options", "message"),
        [
            (np.zeros((1, 20, 20), np.uint8), {}, "two or more gray"),
            (np.zeros((5, 20, 20)), {}, "float64"),
            (np.zeros((5, 6, 6), np.uint8), {}, "too small for 5 blocks"),
            (np.zeros((5, 20, 20), np.uint8), {"length": 8}, "length is 8"),
        ],
    )
    def test_bad_input(self, frames, options, message):
        with pytest.raises(InputError, match=message):
            lbp_top(frames, **options)
