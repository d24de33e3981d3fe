"""Costs of whole networks by the compiler, against their parts."""

import pytest

from hw_model.cost import count_macs, count_param_bytes
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.chain import whole_cost
from hw_model.vela.measurements import MeasurementCache
from tests.hw_model.networks import SMALL


@pytest.mark.parametrize("name", ["ethos-u65-512", "ethos-u85-1024"])
def test_a_whole_network_counts_as_its_blocks_do_and_takes_less_time_than_their_sum(tmp_path, name):
    with MeasurementCache(tmp_path / "cache.db") as cache:
        whole = whole_cost(SMALL, ETHOS_U[name], cache)
        parts = cache.measure([(block,) for block in SMALL], ETHOS_U[name])
    assert (whole.macs, whole.param_bytes) == (count_macs(SMALL), count_param_bytes(SMALL))
    assert whole.latency_ms < sum(part.latency_ms for part in parts)
    assert whole.energy_mj > 0
