import jax
import numpy as np
import pytest

from nas_algos.errors import AlgorithmInputError
from nas_algos.objectives import (
    best_quality,
    is_feasible,
    keeps,
    least_cost,
    pareto,
    tunas,
    violation,
    within,
)

NAN, INF = float("nan"), float("inf")


def scored(objective, quality, **costs):
    return np.asarray(objective.score(np.array(quality), {name: np.array(value) for name, value in costs.items()}))


def test_least_cost_ranks_feasible_by_cost_then_infeasible_by_how_far_they_miss_then_failed():
    quality = [0.9, 0.6, 0.7, 0.59, 0.1, NAN, 0.9, 0.9]
    latency = [1e-3, 5.0, 1e6, 1.0, 1.0, 1.0, NAN, INF]
    scores = scored(least_cost("latency_ms", floor=0.6, reference=5.0), quality, latency_ms=latency)
    assert (np.diff(scores[:5]) > 0).all()
    assert scores[1] == 1
    assert np.isinf(scores[5:]).all()
    assert is_feasible(scores).tolist() == [True, True, True, False, False, False, False, False]


def test_best_quality_ranks_feasible_by_quality_then_infeasible_by_excess():
    objective = best_quality({"latency_ms": 2.0, "param_bytes": 10.0})
    scores = scored(
        objective,
        [0.9, 0.5, -3.0, 0.99, 0.99, 0.99],
        latency_ms=[2.0, 1.0, 1.0, 2.2, 2.2, 1.0],
        param_bytes=[10.0, 1.0, 1.0, 10.0, 12.0, NAN],
    )
    assert (np.diff(scores[:5]) > 0).all()
    # by hand: 10 per cent over one bound, and 20 over another besides
    assert violation(scores)[:5] == pytest.approx([0, 0, 0, 0.1, 0.3], abs=1e-6)
    assert np.isinf(scores[5])


def test_per_cent_and_fractions_differ_by_the_scale_of_feasible_scores_alone():
    objective = best_quality({"latency_ms": 2.0})
    quality, latency = np.array([0.9312, 0.9311, 0.5, 0.4]), [1.0, 1.0, 1.0, 3.0]
    fraction = scored(objective, quality, latency_ms=latency)
    per_cent = scored(objective, 100 * quality, latency_ms=latency)
    np.testing.assert_allclose(per_cent[:3], 100 * fraction[:3], rtol=1e-6)
    assert per_cent[3] == fraction[3]
    # and differences are what they are, which a squashed quality would shrink
    assert fraction[1] - fraction[0] == pytest.approx(1e-4, rel=1e-2)


def test_what_is_at_its_bound_keeps_it_under_jit():
    objective = best_quality({"latency_ms": 6.0})
    score = jax.jit(objective.score)(np.float32([0.5]), {"latency_ms": np.float32([6.0])})
    assert score.tolist() == [-0.5]


def test_bounds_are_kept_in_float32_as_scores_have_it():
    costs = {"t": np.array([0.1 + 0.2, 0.3, 0.30001, NAN])}
    assert within(costs, {"t": 0.3}, 4).tolist() == [True, True, False, False]
    scores = scored(best_quality({"t": 0.3}), [0.5] * 4, **costs)
    assert is_feasible(scores).tolist() == within(costs, {"t": 0.3}, 4).tolist()
    assert keeps({"t": 0.1 + 0.2, "u": 9.0}, {"t": 0.3})
    assert not keeps({"t": 0.1, "u": 9.0}, {"t": 0.3, "u": 8.0})
    assert keeps({"t": 1.0}, {"t": 1e300})
    assert not keeps({"t": 1e300}, {"t": 1.0})


def test_a_pareto_row_with_one_failed_column_failed():
    scores = scored(pareto(["latency_ms"]), [0.5, NAN, 0.5], latency_ms=[3.0, 3.0, INF])
    assert scores.tolist() == [[-0.5, 3.0], [INF, INF], [INF, INF]]


def test_a_pareto_row_of_which_a_bounded_cost_is_not_known_failed():
    objective = pareto(["latency_ms"], {"peak_activation_bytes": 1.0})
    scores = scored(objective, [0.5] * 3, latency_ms=[0.1] * 3, peak_activation_bytes=[0.5, 2.0, NAN])
    assert scores[0].tolist() == pytest.approx([-0.5, 0.1])
    assert (scores[1] > 1e20).all()
    assert np.isfinite(scores[1]).all()
    assert scores[2].tolist() == [INF, INF]


def test_tunas_reward_is_least_bad_at_the_target_and_symmetric():
    assert scored(tunas("t", 10.0), [0.7, 0.7, 0.7], t=[10.0, 5.0, 15.0]) == pytest.approx([-0.7, -0.665, -0.665])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: least_cost("t", floor=0.5, reference=0.0), "reference is 0.0"),
        (lambda: least_cost("t", floor=NAN, reference=1.0), "floor is nan"),
        (lambda: best_quality({}), "bounds are empty"),
        (lambda: best_quality({"t": -1.0}), "bound of t is -1.0"),
        (lambda: pareto([]), "costs are empty"),
        (lambda: tunas("t", 1.0, weight=0.1), "weight is 0.1"),
        (lambda: scored(least_cost("t", 0.5, 1.0), [0.5], macs=[1.0]), "has no cost 't'; allowed: macs"),
    ],
)
def test_settings_that_are_not_allowed_are_named(make, message):
    with pytest.raises(AlgorithmInputError, match=message):
        make()
