from collections import Counter

from sandbox.listening.chance import Stream, Weighted, power_law


def test_draws_are_the_same_on_every_python():
    """Known answers: if they change, so do the bytes of all listening ever generated."""
    draw = Stream(7, "user", 1)
    letters = Weighted({"a": 1, "b": 2})
    drawn = [draw.below(1000), draw.chance(0.5), draw.pick("xyz"), draw.of(letters), draw.between((0, 10, 1000))]
    assert [803, False, "x", "b", 7.544345993461155] == drawn


def test_weights_are_proportions():
    draw = Stream("weights")
    weighted = Weighted({"often": 9, "never": 0, "seldom": 1})
    drawn = Counter(draw.of(weighted) for _ in range(10_000))
    assert drawn["never"] == 0
    assert 850 < drawn["seldom"] < 1150


def test_power_law_halves_the_weight_at_twice_the_rank():
    weighted = power_law("abcd", flatness=1)
    assert [1, 1 + 1 / 2, 1 + 1 / 2 + 1 / 3, 1 + 1 / 2 + 1 / 3 + 1 / 4] == weighted.sums


def test_streams_of_different_keys_differ():
    assert Stream(1, "song", 2).below(10**9) != Stream(1, "song", 3).below(10**9)
