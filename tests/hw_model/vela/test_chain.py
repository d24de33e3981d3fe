"""Costs accumulated over pairs against the whole network compiled."""

import pytest

from hw_model.cost import count_macs
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.chain import chain_cost, whole_cost
from hw_model.vela.measurements import MeasurementCache
from tests.hw_model.networks import SMALL, UNALIGNED

NAMES = ["ethos-u55-256", "ethos-u65-512", "ethos-u85-1024"]


@pytest.fixture
def cache(tmp_path):
    with MeasurementCache(tmp_path / "cache.db") as cache:
        yield cache


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("blocks", [SMALL, UNALIGNED], ids=["small", "unaligned"])
def test_pairs_minus_inner_singles_is_within_a_few_percent_of_the_whole(cache, name, blocks):
    accumulated, whole = chain_cost(blocks, ETHOS_U[name], cache), whole_cost(blocks, ETHOS_U[name], cache)
    assert accumulated.latency_ms == pytest.approx(whole.latency_ms, rel=0.06)
    assert accumulated.peak_activation_bytes == pytest.approx(whole.peak_activation_bytes, rel=0.1)
    assert accumulated.energy_mj == pytest.approx(whole.energy_mj, rel=0.05)
    assert accumulated.macs == whole.macs == count_macs(blocks)
    assert accumulated.param_bytes == whole.param_bytes


@pytest.mark.parametrize("name", ["ethos-u65-512", "ethos-u85-1024"])
def test_the_plain_sum_of_blocks_is_worse_than_pairs(cache, name):
    accelerator = ETHOS_U[name]
    whole = whole_cost(SMALL, accelerator, cache).latency_ms
    plain = sum(part.latency_ms for part in cache.measure([(block,) for block in SMALL], accelerator))
    assert abs(plain - whole) > 2 * abs(chain_cost(SMALL, accelerator, cache).latency_ms - whole)


def test_one_block_and_two_blocks_are_exact(cache):
    for blocks in (SMALL[:1], SMALL[:2]):
        assert chain_cost(blocks, ETHOS_U["ethos-u85-1024"], cache) == whole_cost(
            blocks, ETHOS_U["ethos-u85-1024"], cache
        )
