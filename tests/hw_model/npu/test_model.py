"""The parametric accelerator: hand-worked cycles and the properties that any cost must have."""

import itertools
from dataclasses import replace

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings

from hw_model.blocks import Block, GraphBlock
from hw_model.cost import count_macs
from hw_model.learned.samples import NETWORK_SETS, sample_network, sample_networks
from hw_model.npu.model import NPUS, Npu, npu_estimate, operator_cycles, operator_sram_bytes
from hw_model.operator_arrays import graph_arrays
from hw_model.workload import Workload, workload_from_chains

LENGTH = 32
P32 = NPUS["npu-p32"]
estimate = jax.jit(npu_estimate)
networks = st.builds(
    lambda seed, network_set: sample_network(np.random.default_rng(seed), network_set),
    st.integers(0, 2**32),
    st.sampled_from(NETWORK_SETS),
)


def one(blocks):
    return jax.tree.map(lambda leaf: leaf[0], estimate(P32, workload_from_chains([blocks], LENGTH)))


def test_a_convolution_takes_the_cycles_worked_out_by_hand():
    # 3x3 on 32x32, 40 channels in (two lanes' worth) and 64 out: 1024 * 9 * 64 * 64 / 1024 cycles, 100 to set up
    cost = one([Block("conv", 32, 32, 40, 64)]).cost
    assert cost.latency_ms * 1e6 == pytest.approx(1024 * 9 * 4 + 100)
    assert cost.peak_activation_bytes == 32 * 32 * (64 + 64)
    assert cost.macs == 1024 * 9 * 40 * 64


def test_a_depthwise_fills_the_output_lanes_only():
    # 5x5 on 32x32 and 64 channels: 1024 * 25 * 64 MACs, 32 a cycle
    assert one([Block("depthwise", 32, 32, 64, 64, 5)]).cost.latency_ms * 1e6 == pytest.approx(1024 * 25 * 2 + 100)


@pytest.mark.parametrize("side", [16, 32])
def test_a_product_reads_writes_and_holds_the_picture_that_it_scales(side):
    block = GraphBlock("squeeze_excite", side, side, 64, 64, kernel=1, hidden=16)
    operators = graph_arrays([block], 1)
    picture = side * side * 64
    # with the layer before it, of 16 channels, padded to 32, to 64, and their weights and biases; 4 x 32 bytes a cycle
    traffic = 32 + 64 + 16 * 64 + 4 * 64 + 2 * picture
    assert operator_cycles(P32, operators)[0, 0, 2] == pytest.approx(traffic / 128 + 100)
    assert operator_sram_bytes(P32, operators)[0, 0, 2] == 32 + 2 * picture


def test_channels_beyond_a_whole_tile_cost_a_whole_tile():
    latency = [float(one([Block("conv", 32, 32, 64, c)]).cost.latency_ms) for c in (33, 48, 64, 65)]
    assert latency[0] == latency[1] == latency[2] < latency[3]


def test_what_does_not_fit_the_sram_is_paid_for():
    big = [Block("conv", 512, 512, 32, 32, 1)]
    small = jax.device_put(P32)
    work = workload_from_chains([big], 1)
    assert estimate(small, work).cost.latency_ms > estimate(small._replace(sram_bytes=2.0**26), work).cost.latency_ms


@given(networks)
@settings(max_examples=30)
def test_cost_never_falls_when_a_block_is_added(blocks):
    grown = [one(blocks[: count + 1]).cost for count in range(len(blocks))]
    for before, after in itertools.pairwise(grown):
        assert all(a >= b for a, b in zip(after, before, strict=True))


@given(networks, st.sampled_from([*NPUS]))
@settings(max_examples=50)
def test_cycles_are_never_below_macs_over_the_peak_rate(blocks, name):
    npu = NPUS[name]
    cycles = estimate(npu, workload_from_chains([blocks], LENGTH)).cost.latency_ms[0] * npu.clock_hz * 1e-3
    assert cycles >= count_macs(blocks) / npu.macs_per_cycle


@given(networks)
@settings(max_examples=10)
def test_a_block_costs_no_less_on_a_larger_picture(blocks):
    larger = [replace(blocks[0], height=2 * blocks[0].height)]
    assert one(larger).cost.latency_ms >= one(blocks[:1]).cost.latency_ms


def test_places_without_a_block_cost_nothing_wherever_they_lie():
    chains = sample_networks(3, 6, NETWORK_SETS[1])
    packed = workload_from_chains(chains, LENGTH)
    shifted = jax.tree.map(lambda column: np.concatenate([column[:, -1:], column[:, :-1]], axis=1), packed)
    assert not shifted.mask[:, 0].any()
    jax.tree.map(np.testing.assert_array_equal, estimate(P32, packed), estimate(P32, shifted))


def test_costs_follow_gradients_down_to_fewer_channels():
    work = jax.device_put(workload_from_chains([[Block("conv", 32, 32, 40, 48)]], 1))

    def latency(channels):
        return npu_estimate(P32, work._replace(out_channels=channels)).cost.latency_ms.sum()

    slope = jax.grad(latency)(jnp.float32([[48.0]]))
    # the slope of the unrounded size: 1024 * 9 * 64 MACs for each output channel, 1024 a cycle, in milliseconds
    assert slope.item() == pytest.approx(9 * 64 * 1e-6, rel=1e-5)


def test_many_accelerators_are_costed_in_one_call():
    work = workload_from_chains(sample_networks(3, 4, NETWORK_SETS[0]), LENGTH)
    lanes = jnp.float32([16, 32, 64])
    batch = jax.vmap(lambda p: npu_estimate(Npu(p, p), work).cost.latency_ms)(lanes)
    apart = [npu_estimate(Npu(float(p), float(p)), work).cost.latency_ms for p in lanes]
    np.testing.assert_allclose(batch, jnp.stack(apart), rtol=1e-6)
    assert (batch[0] > batch[2]).all()


def test_workload_is_a_pytree_of_eleven_arrays():
    assert len(jax.tree.leaves(workload_from_chains([[Block("conv", 8, 8, 8, 8)]]))) == len(Workload._fields) == 11
