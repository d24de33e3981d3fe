"""A supernet of a few numbers whose best network is known by enumeration."""

import itertools
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from nas_algos.single_shot.relaxed import choice_mask
from nas_algos.single_shot.supernet import Variables

CARDINALITIES = (3, 4, 2, 4)
BATCH = 4


class ToySupernet:
    """Each choice has a weight that learns the mean of the data, and a loss that stays: its distance to a wish.

    The wishes of most quality cost most, so that a bound on the cost decides.  Networks in which decision `broken[0]`
    takes choice `broken[1]` have a loss that is infinite where decision 0 takes choice 1, and else NaN.
    """

    name = "toy"
    cardinalities = CARDINALITIES
    widths = (True, False, False, False)
    optimiser = optax.scale_by_adam()
    evaluation_examples = 60

    def __init__(self, broken=None):
        generator = np.random.default_rng(0)
        self.data = {"x": jnp.asarray(generator.normal(1.0, 0.1, 64), jnp.float32)}
        self.broken = broken
        # losses fall with the choice, and costs rise
        self.gap = jnp.array([[(3 - k) * (0.2 + 0.15 * d) for k in range(4)] for d in range(4)], jnp.float32)
        self.price = jnp.array([[k * (1.0 + ((3 * d) % 4)) for k in range(4)] for d in range(4)], jnp.float32)

    def learning_rates(self, steps):
        return np.full(steps, 0.05, np.float32)

    def batch_order(self, key, steps):
        generator = np.random.default_rng(np.asarray(jax.random.key_data(key)))
        return generator.integers(0, 48, (steps, BATCH)), generator.integers(48, 64, (steps, BATCH))

    def cost(self, genotypes):
        places = jnp.arange(len(CARDINALITIES))[None]
        total = self.price[places, genotypes].sum(-1)
        return {"latency_ms": total + 1.0, "macs": 10.0 * (total + 1.0)}

    def computed_macs(self, genotypes):
        return np.full(len(genotypes), 500.0)

    all_macs = 2_000.0

    def init(self, key):
        return Variables({"w": jax.random.normal(key, choice_mask(CARDINALITIES).shape)}, {"seen": jnp.zeros(())})

    def relaxed_loss(self, variables, choices, batch):
        missed = (variables.params["w"] - batch["x"].mean()) ** 2
        return (choices * (self.gap + missed)).sum()

    def loss(self, variables, genotype, batch, key):
        del key
        choices = jax.nn.one_hot(genotype, 4)
        loss = self.relaxed_loss(variables, choices, batch)
        if self.broken is not None:
            failed = jnp.where(genotype[0] == 1, jnp.inf, jnp.nan)
            loss = jnp.where(genotype[self.broken[0]] == self.broken[1], failed, loss)
        return loss, {"seen": variables.statistics["seen"] + 1}

    def effects(self, variables, genotype, batch, key):
        loss, _ = self.loss(variables, genotype, batch, key)
        choices = jax.nn.one_hot(genotype, 4)
        return loss, jax.grad(self.relaxed_loss, argnums=1)(variables, choices, batch)

    def quality(self, variables, genotype):
        return -float(_whole_loss(self.broken, variables, jnp.array(genotype), self.data))

    def best_within(self, bound):
        """(genotype, loss) of the best network, when all weights are learned, by enumeration."""
        networks = np.array(list(itertools.product(*map(range, CARDINALITIES))))
        cost = np.asarray(self.cost(jnp.asarray(networks))["latency_ms"])
        loss = np.asarray(self.gap)[np.arange(4), networks].sum(-1)
        if self.broken is not None:
            loss = np.where(networks[:, self.broken[0]] == self.broken[1], np.inf, loss)
        place = np.where(cost <= bound, loss, np.inf).argmin()
        return tuple(networks[place].tolist()), float(loss[place])

    def true_loss(self, genotype):
        return float(np.asarray(self.gap)[np.arange(4), list(genotype)].sum())


@partial(jax.jit, static_argnums=0)
def _whole_loss(broken, variables, genotype, data):
    return ToySupernet(broken).loss(variables, genotype, data, jax.random.key(0))[0]
