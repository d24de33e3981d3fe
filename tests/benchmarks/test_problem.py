"""Networks spread over a space."""

import jax

from benchmarks.problem import spread_architectures
from hw_model.cost import count_macs
from tasks.spaces.registry import SKELETONS
from tasks.spaces.skeleton import curated_space


def test_architectures_cover_the_sizes_of_the_space():
    space = curated_space(SKELETONS["classification"], 10, 8)
    chosen = spread_architectures(space, 12, jax.random.key(0))
    macs = [count_macs(space.decode(genotype)) for genotype in chosen]
    assert len(set(chosen)) == 12
    assert macs == sorted(macs)
    assert macs[-1] > 4 * macs[0]
