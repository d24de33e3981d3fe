"""Arrays of blocks and operators against the blocks and operators one by one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hw_model.cost import count_macs, count_param_bytes
from hw_model.errors import HardwareInputError
from hw_model.learned.samples import NETWORK_SETS, sample_networks
from hw_model.operator_arrays import OPERATOR_KINDS, operator_arrays, operator_places
from hw_model.operators import chain_operators
from hw_model.workload import Workload, chains_from_workload, close_gaps, workload_from_chains
from tests.hw_model.networks import ALL_KINDS, SMALL, UNALIGNED

CHAINS = [SMALL, UNALIGNED, ALL_KINDS, *(n for s in NETWORK_SETS for n in sample_networks(5, 10, s))]


def test_chains_survive_the_round_trip():
    assert chains_from_workload(workload_from_chains(CHAINS, 32)) == CHAINS


def test_a_chain_longer_than_the_workload_is_refused():
    with pytest.raises(HardwareInputError, match="7 blocks; allowed in this workload: 1 to 5"):
        workload_from_chains([SMALL], 5)


def test_every_operator_stands_in_its_place_with_its_shape():
    arrays = jax.tree.map(np.asarray, jax.jit(operator_arrays)(workload_from_chains(CHAINS, 32)))
    names = {"conv": "conv", "depthwise": "depthwise", "max_pool": "max_pool", "mean": "mean", "resize": "resize"}
    for row, chain in enumerate(CHAINS):
        places = operator_places(chain)
        assert sorted(set(places)) == sorted(map(tuple, np.argwhere(arrays.mask[row]).tolist()))
        for place, operator in zip(places, chain_operators(chain), strict=True):
            at = (row, *place)
            if operator.kind == "add":
                assert arrays.adds[at]
                continue
            assert OPERATOR_KINDS[arrays.kind[at]] == names[operator.kind]
            assert arrays.relu6[at] == operator.relu6
            sizes = ("height", "width", "in_channels", "out_channels")
            found = [arrays.in_height[at], arrays.in_width[at], arrays.in_channels[at], arrays.out_channels[at]]
            assert found == [getattr(operator, size) for size in sizes]
            assert (arrays.height[at], arrays.width[at]) == (operator.out_height, operator.out_width)
            if operator.weights or operator.kind == "max_pool":
                assert (arrays.kernel[at], arrays.stride[at]) == (operator.kernel, operator.stride)


def test_macs_and_parameters_equal_those_counted_block_by_block():
    arrays = operator_arrays(workload_from_chains(CHAINS, 32))
    assert arrays.macs.sum((-1, -2)).tolist() == pytest.approx([count_macs(chain) for chain in CHAINS], rel=1e-6)
    assert arrays.param_bytes.sum((-1, -2)).tolist() == [count_param_bytes(chain) for chain in CHAINS]


def test_closing_gaps_keeps_the_blocks_and_their_order():
    packed = workload_from_chains(CHAINS, 32)
    generator = np.random.default_rng(0)
    slots = np.sort(np.stack([generator.choice(48, 32, replace=False) for _ in CHAINS]), axis=1)

    def scattered(column: np.ndarray) -> np.ndarray:
        wide = np.full((len(CHAINS), 48), column.dtype.type(0))
        np.put_along_axis(wide, slots, column, axis=1)
        return wide

    gappy = Workload(*map(scattered, packed))
    assert not np.array_equal(np.asarray(gappy.mask)[:, :32], packed.mask)
    assert chains_from_workload(jax.jit(close_gaps)(gappy)) == CHAINS
    assert jnp.all(close_gaps(packed).kind == packed.kind)
