from dfrnet_keras.evaluation import evaluate_loso
from dfrnet_keras.evaluation.halves import half_of


def test_half_by_the_first_digit_of_the_hash():
    # By sha256sum: e..., 4..., 5... and 3...
    halves = [half_of(name) for name in ("s0", "s3", "s4", "sub01")]
    assert halves == ["development", "development", "confirmation", "confirmation"]


def test_metrics_have_both_halves(store, guesser):
    figures = evaluate_loso(guesser(store), store, validation="none").metrics()
    halves = figures["halves"]
    assert halves["development"]["clips"] + halves["confirmation"]["clips"] == figures["clips"]
    low, high = halves["development"]["interval"]["uf1"]
    assert low <= high
    # One subject alone: there is nothing to draw from.
    assert halves["confirmation"]["interval"]["uf1"] == [None, None]
