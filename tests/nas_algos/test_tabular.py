"""Noise in tables: what a search saw, and what its network is worth."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_algos.compare import compare
from nas_algos.errors import AlgorithmInputError
from nas_algos.scan import Trials
from nas_algos.tabular import incumbents, lookup, make_table, true_curve

INF, NAN = float("inf"), float("nan")
# four networks, two training seeds: the first seed flatters network 0, which is the worst but one
DRAWS = np.array([[0.1, 0.2, 0.4, 0.9], [0.7, 0.2, 0.4, 0.9]])[..., None]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([3.0, 4.0, 2.0, 2.0, 1.0], [0, 0, 2, 2, 4]),
        ([INF, NAN, 5.0, INF, 4.0], [0, 0, 2, 2, 4]),
        ([INF, INF], [0, 0]),
        ([[1.0, 0.0], [0.0, 1.0]], [[0, 1], [0, 0]]),
    ],
)
def test_incumbents_are_the_first_best_so_far_and_failures_are_none(scores, expected):
    assert incumbents(np.array(scores, np.float32)).tolist() == expected


@settings(max_examples=50)
@given(st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, INF, NAN]), min_size=12, max_size=12))
def test_incumbents_are_those_of_the_definition(scores):
    clean = [INF if np.isnan(score) else score for score in scores]
    expected = [int(np.argmin(clean[: n + 1])) for n in range(12)]
    assert incumbents(np.array(scores, np.float32)).tolist() == expected


def test_a_search_sees_one_draw_and_its_network_is_worth_the_mean_of_all():
    table = make_table("noisy", (4,), DRAWS, (1.0,))
    np.testing.assert_allclose(table.scores[:, 0], [0.4, 0.2, 0.4, 0.9])
    genotypes = jnp.array([[3], [1], [0]], jnp.int32)
    seen = lookup(table, [0], draw=0)(genotypes)
    np.testing.assert_allclose(seen, [0.9, 0.2, 0.1], rtol=1e-6)
    # the lucky draw of network 0 takes the search from a better network to a worse one
    np.testing.assert_allclose(true_curve(table, Trials(genotypes, seen)), [0.9, 0.2, 0.4])
    np.testing.assert_allclose(lookup(table, [0])(genotypes), table.scores[[3, 1, 0], 0], rtol=1e-6)


@pytest.mark.parametrize("draw", [-1, 2])
def test_a_draw_that_is_not_there_is_named(draw):
    with pytest.raises(AlgorithmInputError, match=f"draw is {draw}; allowed: below 2"):
        lookup(make_table("noisy", (4,), DRAWS, (1.0,)), [0], draw=draw)


def test_a_network_that_failed_with_one_seed_has_failed():
    failing = DRAWS.copy()
    failing[1, 2] = INF
    assert make_table("noisy", (4,), failing, (1.0,)).scores[2] == INF


def test_a_comparison_reports_true_values_and_random_beside_them():
    generator = np.random.default_rng(0)
    quality = np.repeat(generator.random(81)[None], 3, 0)
    draws = (quality + generator.normal(0, 0.3, (3, 81)))[..., None]
    rows = compare(["local_search", "random"], make_table("noisy", (3,) * 4, draws, (1.0,)), 40, 6, jax.random.key(0))
    assert [row.strategy for row in rows] == ["random", "local_search"]
    for row in rows:
        assert row.claimed < row.low <= row.true <= row.high  # what picks among noisy values flatters them
        assert row.curve.shape == (40,)
        assert row.curve[-1] == pytest.approx(row.true)
        assert row.true >= draws.mean(0).min()


def test_a_network_that_failed_once_is_as_bad_as_the_worst_in_a_comparison():
    draws = np.random.default_rng(0).random((2, 27, 1))
    draws[0, 5:9] = np.inf  # each of them failed with one seed, and may be found with the other
    draws[1, 5:9] = -1.0
    rows = compare(["local_search"], make_table("failing", (3,) * 3, draws, (1.0,)), 20, 6, jax.random.key(0))
    worst = draws[:, np.isfinite(draws[0, :, 0])].mean(0).max()
    for row in rows:
        assert np.isfinite([row.true, row.low, row.high, *row.curve]).all()
        assert max(row.curve) <= worst + 1e-6


def test_fewer_than_two_seeds_have_no_interval():
    with pytest.raises(AlgorithmInputError, match="1 seeds; allowed: 1 or more, 2 or more"):
        compare([], make_table("noisy", (4,), DRAWS, (1.0,)), 5, 1, jax.random.key(0))
