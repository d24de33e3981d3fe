"""Tables and exact optima against brute force."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hw_model.blocks import Block
from hw_model.errors import HardwareInputError
from hw_model.npu.model import NPUS, npu_estimate
from hw_model.tables.lookup import (
    enumerate_latency_ms,
    from_compiler,
    from_model,
    table_cost,
    table_latency_ms,
    tabulate,
)
from hw_model.tables.optimum import latency_size_front, least_latency
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.chain import chain_cost
from hw_model.vela.measurements import MeasurementCache
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
    total = enumerate_latency_ms(tables, SIZES)
    assert np.isfinite(total).sum() == len(every[1]) < total.size
    np.testing.assert_allclose(
        total[tuple(every[0].T)], table_cost(tables, jnp.asarray(every[0])).latency_ms, rtol=1e-5
    )


def test_the_front_is_that_of_brute_force(tables, every):
    cost = table_cost(tables, jnp.asarray(every[0]))
    latency, size = np.asarray(cost.latency_ms, float), np.asarray(cost.param_bytes, float)
    unbeaten = [n for n in range(len(latency)) if not np.any((latency < latency[n] - 1e-9) & (size <= size[n]))]
    front = latency_size_front(tables)
    assert sorted(set(front.param_bytes)) == sorted(set(size[unbeaten]))
    for milliseconds, param_bytes, genotype in zip(*front, strict=True):
        assert milliseconds == pytest.approx(latency[size <= param_bytes].min(), rel=1e-5)
        again = table_cost(tables, jnp.asarray(genotype))
        assert (again.latency_ms.item(), again.param_bytes.item()) == pytest.approx(
            (milliseconds, param_bytes), rel=1e-5
        )
    assert len(front.latency_ms) >= 3


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_the_least_latency_under_limits_is_that_of_brute_force(tables, every, share):
    cost = table_cost(tables, jnp.asarray(every[0]))
    latency, size, peak = (
        np.asarray(v, float) for v in (cost.latency_ms, cost.param_bytes, cost.peak_activation_bytes)
    )
    limits = np.quantile(size, share), np.quantile(peak, share)
    allowed = (size <= limits[0]) & (peak <= limits[1])
    milliseconds, genotype = least_latency(tables, *limits)
    assert milliseconds == pytest.approx(latency[allowed].min(), rel=1e-5)
    assert tuple(genotype) in set(map(tuple, every[0][allowed]))


def test_limits_that_nothing_keeps_and_spaces_without_networks_are_refused(tables):
    with pytest.raises(HardwareInputError, match="no network of the space has at most 10 parameter bytes"):
        least_latency(tables, most_param_bytes=10)
    with pytest.raises(HardwareInputError, match="no option of place 0 fits"):
        tabulate([STEM, PLACES[2]], lambda chains: pytest.fail("asked for a cost"))
    with pytest.raises(HardwareInputError, match="2 places and more, none empty"):
        tabulate([STEM, []], lambda chains: pytest.fail("asked for a cost"))


def test_compiled_tables_accumulate_as_chain_cost_does(tmp_path):
    accelerator = ETHOS_U["ethos-u65-256"]
    few = [STEM, PLACES[1][:6], PLACES[2][:6], PLACES[3][:2]]
    few = [[option for option in options if len(option) == 1] for options in few]
    with MeasurementCache(tmp_path / "cache.db") as cache:
        tables = tabulate(few, from_compiler(accelerator, cache))
        checked = 0
        for genotype in itertools.product(*(range(len(options)) for options in few)):
            chain = sum((few[p][option] for p, option in enumerate(genotype)), ())
            found = table_cost(tables, jnp.asarray(genotype))
            if np.isfinite(found.latency_ms):
                expected = chain_cost(chain, accelerator, cache)
                assert [*found] == pytest.approx([*expected], rel=1e-5)
                checked += 1
        assert checked >= 10
