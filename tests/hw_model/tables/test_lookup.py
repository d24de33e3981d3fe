"""Tables against the models that they are made of."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hw_model.blocks import Block
from hw_model.errors import HardwareInputError
from hw_model.npu.model import NPUS, npu_estimate
from hw_model.tables.lookup import (
    from_model,
    table_cost,
    table_latency_ms,
    tabulate,
)
from hw_model.workload import workload_from_chains

STEM = [(Block("conv", 64, 64, 3, c, 3, 2),) for c in (8, 16)]


def stage(size: int, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> list[tuple[Block, ...]]:
    first = [
        Block(kind, size, size, i, o, 3, 2, e)
        for i in inputs
        for o in outputs
        for kind, e in (("ibn", 2), ("ibn", 6), ("fused_ibn", 2), ("fused_ibn", 4))
    ]
    deep = [(b, Block("ibn", b.out_height, b.out_width, b.out_channels, b.out_channels, 3, 1, 3, True)) for b in first]
    return [*((block,) for block in first), *deep]


PLACES = [
    STEM,
    stage(32, (8, 16), (16, 24)),
    stage(16, (16, 24), (24, 40)),
    [(Block("conv", 8, 8, c, 10, kernel),) for c in (24, 40) for kernel in (1, 3)],
]
NPU = NPUS["npu-p16"]._replace(sram_bytes_per_cycle=8.0)  # so that small and fast are not the same
SIZES = [len(options) for options in PLACES]


@pytest.fixture(scope="module")
def tables():
    return tabulate(PLACES, from_model(lambda work: npu_estimate(NPU, work), 8))


@pytest.fixture(scope="module")
def every():
    """All genotypes that are networks, and the networks."""
    fitting = [
        genotype
        for genotype in itertools.product(*map(range, SIZES))
        if all(
            PLACES[p][i][-1].out_channels == PLACES[p + 1][j][0].in_channels
            for p, (i, j) in enumerate(itertools.pairwise(genotype))
        )
    ]
    chains = [sum((PLACES[p][option] for p, option in enumerate(genotype)), ()) for genotype in fitting]
    return np.array(fitting), chains


def test_a_segment_that_the_cost_function_knows_no_latency_of_makes_networks_infinite_and_none_of_them_nan():
    places = [[(Block("conv", 8, 8, 4, 4, kernel),) for kernel in kernels] for kernels in ((3,), (3, 5), (3,), (1,))]
    model = from_model(lambda work: npu_estimate(NPU, work), 2)

    def partly(chains):
        cost, known = model(chains), [all(block.kernel != 5 for block in chain) for chain in chains]
        return cost._replace(latency_ms=np.where(known, cost.latency_ms, np.inf))

    found = table_latency_ms(tabulate(places, partly), jnp.array([[0, 0, 0, 0], [0, 1, 0, 0]]))
    assert np.isfinite(found).tolist() == [True, False]
    assert not np.isnan(found).any()


def test_tables_give_what_the_model_gives_for_every_network(tables, every):
    genotypes, chains = every
    assert len(chains) > 1000
    direct = npu_estimate(NPU, workload_from_chains(chains)).cost
    looked_up = jax.jit(table_cost)(tables, jnp.asarray(genotypes))
    # the analytic model knows no neighbours, so accumulating pairs loses nothing but rounding
    for found, expected in zip(looked_up, direct, strict=True):
        np.testing.assert_allclose(found, expected, rtol=2e-5)
    np.testing.assert_allclose(table_latency_ms(tables, jnp.asarray(genotypes)), looked_up.latency_ms, rtol=1e-6)


def test_networks_whose_segments_do_not_fit_are_infinitely_slow(tables, every):
    fitting = set(map(tuple, every[0]))
    drawn = np.random.default_rng(0).integers(0, SIZES, (200, len(SIZES)))
    slow = np.isinf(table_latency_ms(tables, jnp.asarray(drawn)))
    assert slow.tolist() == [tuple(genotype) not in fitting for genotype in drawn]
    assert slow.any()
    assert not slow.all()


def test_spaces_without_networks_are_refused():
    with pytest.raises(HardwareInputError, match="no option of place 0 fits"):
        tabulate([STEM, PLACES[2]], lambda chains: pytest.fail("asked for a cost"))
    with pytest.raises(HardwareInputError, match="2 places and more, none empty"):
        tabulate([STEM, []], lambda chains: pytest.fail("asked for a cost"))
