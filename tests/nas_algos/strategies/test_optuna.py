"""Optuna's samplers as strategies: the study that is kept between questions changes nothing."""

import re

import jax
import numpy as np
import pytest

from nas_algos.errors import AlgorithmInputError
from nas_algos.load import build_strategy
from nas_algos.objectives import INFEASIBLE
from nas_algos.scan import step_by_step
from nas_algos.strategies import optuna_sampler

optuna = pytest.importorskip("optuna")

CHOICES = (3, 3, 3, 3)


def allowed_samplers():
    with pytest.raises(AlgorithmInputError) as error:
        build_strategy("optuna", CHOICES, settings={"sampler": "none"})
    return re.findall(r"\w+Sampler", str(error.value).split("allowed: ")[1])


def told_alike(one, other):
    """Whether two states hold the same trials."""
    return one.trials == other.trials


@pytest.mark.parametrize("sampler", [name for name in allowed_samplers() if name not in optuna_sampler._NEEDS])
def test_every_sampler_that_is_allowed_answers_again_and_again_and_as_a_new_study(sampler):
    strategy = build_strategy("optuna", CHOICES, settings={"sampler": sampler})
    state = strategy.init(jax.random.key(0))
    for number in range(5):
        rows = strategy.ask(state, jax.random.key(number))
        anew = build_strategy("optuna", CHOICES, settings={"sampler": sampler})
        assert (anew.ask(state, jax.random.key(number)) == rows).all()
        state = strategy.tell(state, rows, np.full(1, 1.0 / (1 + number)))


def test_a_sampler_that_has_seen_the_whole_space_goes_on():
    strategy = build_strategy("optuna", (2, 2), settings={"sampler": "BruteForceSampler"})
    trials = step_by_step(strategy, lambda genotypes: genotypes.sum(1).astype(np.float32), 6, jax.random.key(0))
    assert len(np.unique(trials.genotypes[:4], axis=0)) == 4


def test_a_search_is_told_nothing_of_what_another_one_was_asked():
    settings, rows, scores = {"sampler": "NSGAIISampler", "batch": 2}, np.array([[0, 1, 2, 0], [1] * 4]), np.ones(2)
    strategy, fresh = (build_strategy("optuna", CHOICES, settings=settings) for _ in range(2))
    key = jax.random.key(0)
    asked = strategy.init(key)
    proposed = strategy.ask(asked, key)
    for told in (rows, proposed):
        one, other = (each.tell(each.init(key), told, scores) for each in (strategy, fresh))
        assert told_alike(one, other)
        assert not any(each.noted for each in one.trials)
    # the study that is kept, of the same proposals, is not that of a search that noted nothing in them
    assert (strategy.ask(one, key) == fresh.ask(other, key)).all()
    assert all(each.noted for each in strategy.tell(asked, proposed, scores).trials)


def test_what_is_told_in_place_of_a_proposal_is_of_its_generation():
    strategy = build_strategy("optuna", CHOICES, settings={"sampler": "NSGAIISampler", "batch": 10})
    state, generator = strategy.init(jax.random.key(0)), np.random.default_rng(0)
    for number in range(12):
        rows = np.array(strategy.ask(state, jax.random.key(number)))
        rows[::2] = generator.integers(0, 3, (5, 4))
        state = strategy.tell(state, rows, generator.random(10))
    generations = [each.noted["NSGAIISampler:generation"] for each in state.trials]
    assert generations == [number // 50 for number in range(120)]


@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("sampler", ["TPESampler", "NSGAIISampler"])
def test_a_study_that_is_kept_answers_as_a_new_one_of_the_same_trials(sampler, bounded):
    # past NSGA-II's first generation of 50, where it keeps its parents in the study
    choices, scores = CHOICES, np.random.default_rng(0).random((81, 2))
    if bounded:
        scores[27:] = INFEASIBLE * (1 + scores[27:, :1])
    strategy = build_strategy("optuna", choices, objectives=2, settings={"sampler": sampler})
    state = strategy.init(jax.random.key(0))
    for number in range(54):
        key = jax.random.key(number)
        rows = strategy.ask(state, key)
        if number in (20, 53):  # asked again, it begins a new study
            assert (strategy.ask(state, key) == rows).all()
        told = scores[np.ravel_multi_index(tuple(rows.T), choices)]
        state = strategy.tell(state, rows, told if number != 10 else np.full_like(told, np.inf))


def test_what_misses_a_bound_is_a_constraint_and_scores_as_feasible_ones_do(monkeypatch):
    seen = []

    class WatchingSampler(optuna.samplers.RandomSampler):
        def __init__(self, seed=None, constraints_func=None):
            super().__init__(seed)

        def before_trial(self, study, trial):
            done = [each for each in study.get_trials() if each.state.is_finished()]
            seen.append([(each.values, each.system_attrs.get("constraints")) for each in done])

    monkeypatch.setattr(optuna.samplers, "WatchingSampler", WatchingSampler, raising=False)
    strategy, key = build_strategy("optuna", CHOICES, settings={"sampler": "WatchingSampler"}), jax.random.key(0)
    state = strategy.init(key)
    for score in (1.5 * INFEASIBLE, INFEASIBLE, -0.9, -0.8, 3 * INFEASIBLE, np.inf):
        state = strategy.tell(state, strategy.ask(state, key), np.full(1, score, np.float32))
    strategy.ask(state, key)
    last, values, constraints = seen[-1], *zip(*seen[-1], strict=True)
    # by hand: the first feasible score stands in for those of what misses the bound
    assert [each and each[0] for each in values] == pytest.approx([-0.9, -0.9, -0.9, -0.8, -0.9, None])
    assert [each and each[0] for each in constraints] == pytest.approx([0.5, 0, 0, 0, 2, None], abs=1e-6)
    assert constraints[1][0] > 0  # missed by nothing that float32 shows
    # as a new study of the same trials has it
    build_strategy("optuna", CHOICES, settings={"sampler": "WatchingSampler"}).ask(state, key)
    assert seen[-1] == last
    # scores alone where no bound is missed
    state = strategy.tell(strategy.init(key), np.array([[0, 1, 2, 0]] * 2), np.array([-0.9, np.inf], np.float32))
    strategy.ask(state, key)
    assert [each[1] for each in seen[-1]] == [None, None]


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        ("GridSampler", r"unknown sampler 'GridSampler'; allowed: .*TPESampler"),
        ("GPSampler", "GPSampler needs torch; pip install torch"),
        ("CmaEsSampler", "CmaEsSampler needs cmaes; pip install cmaes"),
    ],
)
def test_a_sampler_that_cannot_be_made_or_lacks_a_package_is_refused_before_a_search(sampler, message, monkeypatch):
    monkeypatch.setattr(optuna_sampler, "find_spec", lambda name: None)
    with pytest.raises(AlgorithmInputError, match=message):
        build_strategy("optuna", (3, 4), settings={"sampler": sampler})
