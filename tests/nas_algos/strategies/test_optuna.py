"""Optuna's samplers as strategies: the study that is kept between questions changes nothing."""

import jax
import numpy as np
import pytest

from nas_algos.errors import AlgorithmInputError
from nas_algos.load import build_strategy
from nas_algos.strategies import optuna_sampler

pytest.importorskip("optuna")


@pytest.mark.parametrize("sampler", ["TPESampler", "NSGAIISampler"])
def test_a_study_that_is_kept_answers_as_a_new_one_of_the_same_trials(sampler):
    # past NSGA-II's first generation of 50, where it keeps its parents in the study
    choices, scores = (3, 3, 3, 3), np.random.default_rng(0).random((81, 2))
    strategy = build_strategy("optuna", choices, objectives=2, settings={"sampler": sampler})
    state = strategy.init(jax.random.key(0))
    for number in range(54):
        key = jax.random.key(number)
        rows = strategy.ask(state, key)
        if number in (20, 53):  # asked again, it begins a new study
            assert (strategy.ask(state, key) == rows).all()
        told = scores[np.ravel_multi_index(tuple(rows.T), choices)]
        state = strategy.tell(state, rows, told if number != 10 else np.full_like(told, np.inf))


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
