import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nas_algos.errors import AlgorithmInputError
from nas_algos.strategies.ppo import PpoSettings, ppo
from nas_algos.strategies.reinforce import ReinforceSettings, reinforce
from tests.nas_algos.toys import CARDINALITIES, separable


def told(strategy, rounds=3):
    state = strategy.init(jax.random.key(0))
    for turn in range(rounds):
        genotypes = jnp.array(np.random.default_rng(turn).integers(0, CARDINALITIES, (8, 12)), jnp.int32)
        state = strategy.tell(state, genotypes, separable(strategy)(genotypes).at[turn].set(jnp.inf))
    return state


def test_with_one_step_a_round_it_is_reinforce():
    # where the ratio of probabilities is still 1, nothing is clipped and both gradients are the same
    one, other = (
        told(ppo(CARDINALITIES, PpoSettings(steps=1))),
        told(reinforce(CARDINALITIES, ReinforceSettings(learning_rate=0.05))),
    )
    np.testing.assert_allclose(one.logits, other.logits, atol=1e-6)
    assert np.abs(one.logits).max() > 0.05


def test_a_tight_clip_holds_the_controller_back():
    tight, loose = (told(ppo(CARDINALITIES, PpoSettings(steps=20, clip=clip)), 1).logits for clip in (0.01, 1.0))
    assert np.abs(tight).sum() < 0.7 * np.abs(loose).sum()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (PpoSettings(steps=0), "steps is 0"),
        (PpoSettings(clip=0.0), "clip is 0.0"),
        (PpoSettings(batch=0), "batch is 0"),
    ],
)
def test_settings_that_are_not_allowed_are_named(settings, message):
    with pytest.raises(AlgorithmInputError, match=message):
        ppo(CARDINALITIES, settings)
