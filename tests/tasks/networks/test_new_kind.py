"""A new kind of block needs an entry in the table of kinds.

Two of them are added here, from checks and counts to JSON, arrays, compiler, spaces, networks and the supernet.
"""

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hw_model.blocks import Block, check_block, check_chain
from hw_model.cost import count_macs, count_params
from hw_model.errors import HardwareInputError
from hw_model.kinds import KINDS, TWO_INPUTS, Kind, Part
from hw_model.network_file import parse_network
from hw_model.network_schema import network_schema
from hw_model.network_text import network_content, summary
from hw_model.npu.model import NPUS, npu_estimate
from hw_model.operator_arrays import graph_arrays, operator_arrays, operator_places
from hw_model.operators import block_operators, chain_operators
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.compiler import compile_blocks
from hw_model.workload import chains_from_workload, workload_from_chains
from tasks.expert.chains import set_channels
from tasks.networks.batch_norm import EPSILON
from tasks.networks.blocks import ChainNetwork
from tasks.networks.gates import make_gates
from tasks.networks.initialise import initialise
from tasks.networks.probe import Probe, draw_unit_kernels
from tasks.networks.supernet import Supernet
from tasks.spaces.layer import Decision, Layer, Presence
from tasks.spaces.space import SearchSpace
from tests.tasks.networks.slicing import slice_variables
from tests.tasks.networks.supernet_spaces import compile_quickly, gates_of, random_images, random_variables

# MobileNet's block, arXiv:1704.04861
SEPARABLE = Kind(
    (
        Part("depthwise", "hidden", "hidden", window=True, strided=True, relu6=True),
        Part("conv", "hidden", "out", relu6=True),
    ),
    may_add=True,
)
CHAIN = (
    Block("conv", 17, 12, 3, 8, stride=2),
    Block("separable", 9, 6, 8, 12, kernel=5, stride=2),
    Block("gate", 5, 3, 12, 12, kernel=1),
    Block("separable", 5, 3, 12, 12, residual=True),
    Block("conv", 5, 3, 12, 4, kernel=1, activation=False),
)


@pytest.fixture(autouse=True)
def _new_kinds(monkeypatch):
    # hw_model/kinds.py
    monkeypatch.setitem(KINDS, "separable", SEPARABLE)
    # arXiv:1709.01507 without the reduction, and with ReLU6 as its gate
    first, second = Part("conv", "in", "in", relu6=True), Part("conv", "in", relu6=True)
    excite = Kind((Part("mean", "in", "in"), first, second, Part("mul", "in")), keeps_channels=True)
    monkeypatch.setitem(KINDS, "gate", excite)
    yield
    jax.clear_caches()  # what was compiled for a longer table


def make_space():
    layers = (
        Layer("conv", "channels", stride=2),
        Layer("block", "channels", kernel="kernel", stride=2),
        Layer("block", "channels", kernel="kernel", present=Presence("layers", (2,))),
        Layer("gate", kernel=1, present=Presence("excited", ("yes",))),
        Layer("conv", 3, kernel=1, activation=False, fixed_channels=True),
    )
    decisions = (
        Decision("channels", (6, 8, 5)),
        Decision("kernel", (3, 5)),
        Decision("block", ("separable", "ibn_3", "ibn_1")),
        Decision("layers", (1, 2)),
        Decision("excited", ("yes", "no")),
    )
    return SearchSpace("with new kinds", decisions, layers, input_side=16)


def test_its_blocks_are_checked():
    check_chain(CHAIN)
    block = CHAIN[2]
    for change, message in (
        ({"out_channels": 8}, "12 channels in and 8 out"),
        ({"expansion": 2}, "only ibn and fused_ibn expand"),
        ({"residual": True}, "a residual needs a conv, ibn, fused_ibn or separable of stride 1"),
        ({"kernel": 2}, "has no window; allowed: a kernel of 1"),
    ):
        with pytest.raises(HardwareInputError, match=message):
            check_block(dataclasses.replace(block, **change))
    with pytest.raises(ValueError, match="a kind of 4 parts; allowed: 1 to 3"):
        Kind((Part("conv"),) * 4)


def test_its_operators_are_counted():
    kinds = [operator.kind for operator in chain_operators(CHAIN)]
    assert kinds == [
        "conv",
        *("depthwise", "conv"),
        *("mean", "conv", "conv", "mul"),
        *("depthwise", "conv", "add"),
        "conv",
    ]
    separable, excite = CHAIN[1:3]
    assert count_macs([separable]) == 5 * 3 * (25 * 8 + 8 * 12)
    assert count_params([separable]) == 25 * 8 + 8 + 8 * 12 + 12
    assert count_macs([excite]) == 2 * 12 * 12
    assert count_params([excite]) == 2 * (12 * 12 + 12)
    last = block_operators(excite)[-1]
    assert (last.height, last.width, last.out_height, last.out_width) == (5, 3, 5, 3)


def test_it_can_be_written_and_read():
    content = network_content("new", CHAIN)
    assert parse_network(content).blocks == CHAIN
    assert {"separable", "gate"} <= set(network_schema()["properties"]["blocks"]["items"]["properties"]["kind"]["enum"])
    assert "separable 12 k5 /2, gate, separable 12" in summary(CHAIN)


def test_arrays_of_operators_hold_it():
    workload = workload_from_chains([CHAIN], 8)
    assert chains_from_workload(workload) == [CHAIN]
    arrays = operator_arrays(workload)
    assert arrays.macs.sum() == count_macs(CHAIN)
    places = operator_places(CHAIN)
    assert len(places) == len(chain_operators(CHAIN))
    for place, one in zip(places, chain_operators(CHAIN), strict=True):
        if one.kind not in TWO_INPUTS:
            assert (arrays.height[0][place], arrays.width[0][place]) == (one.out_height, one.out_width)
            assert (arrays.in_channels[0][place], arrays.out_channels[0][place]) == (one.in_channels, one.out_channels)
    pixels, mask = graph_arrays(CHAIN, 8).result_pixels, np.asarray(arrays.mask)
    np.testing.assert_array_equal(pixels[mask], np.asarray(arrays.result_pixels)[mask])
    assert pixels[0, 2, 2] == 5 * 3  # of what the gate scales
    assert np.isfinite(npu_estimate(NPUS["npu-p32"], workload).cost.latency_ms).all()


def test_it_can_be_compiled():
    found = compile_blocks(CHAIN, ETHOS_U["ethos-u55-256"])
    without = compile_blocks([CHAIN[0], CHAIN[1], CHAIN[3], CHAIN[4]], ETHOS_U["ethos-u55-256"])
    assert found.cycles > without.cycles
    assert found.param_bytes - without.param_bytes == 2 * (12 * 12 + 4 * 12)


def test_rules_that_set_channels_know_whether_it_keeps_its_own():
    assert [block.out_channels for block in set_channels(CHAIN, [16, 24, 99, 24, 4])] == [16, 24, 24, 24, 4]


def test_its_trained_form_has_the_parameters_that_are_counted_and_computes_what_it_says():
    network, x = ChainNetwork(CHAIN), jax.random.normal(jax.random.key(1), (2, 17, 12, 3))
    variables = initialise(network, (17, 12, 3), jax.random.key(0))
    leaves = jax.tree_util.tree_leaves_with_path(variables["params"])
    assert sum(leaf.size for path, leaf in leaves if path[-1].key != "scale") == count_params(CHAIN)
    assert network.apply(variables, x, train=False).shape == (2, 5, 3, 4)
    block = ChainNetwork(CHAIN[2:3])
    x = jax.random.normal(jax.random.key(2), (2, 5, 3, 12))
    own = {kind: {"block_00_gate": tree["block_02_gate"]} for kind, tree in variables.items()}
    gate = x.mean((1, 2))
    for name in ("Conv_0", "Conv_1"):
        kernel = variables["params"]["block_02_gate"][name]["kernel"][0, 0]
        gate = jnp.clip(gate @ kernel / jnp.sqrt(1 + EPSILON), 0, 6)  # statistics as they start: mean 0, variance 1
    np.testing.assert_allclose(block.apply(own, x, train=False), x * gate[:, None, None], rtol=1e-5, atol=1e-6)


def test_a_space_and_its_supernet_hold_it():
    space = make_space()
    # with and without each of them, an ibn that has no expansion among the wider ones
    genotypes = np.array([(0, 1, 0, 1, 0), (2, 0, 0, 0, 1), (1, 0, 2, 1, 0)], np.int32)
    assert space.slots[1].kinds == ("ibn", "separable")
    assert space.slots[1].hidden_channels == 24
    assert chains_from_workload(space.lower(genotypes)) == [space.decode(genotype) for genotype in genotypes]
    assert [block.kind for block in space.decode(genotypes[0])][1:4] == ["separable", "separable", "gate"]
    assert space.decode(genotypes[0])[2].residual
    network = Supernet(space.slots)
    variables = initialise(network, (16, 16, 3), jax.random.key(0))
    noise = iter(jax.random.split(jax.random.key(1), 1000))
    # biases too, so that unused channels would show
    variables = jax.tree.map(lambda leaf: leaf + 0.1 * jnp.abs(jax.random.normal(next(noise), leaf.shape)), variables)
    images = jax.random.normal(jax.random.key(2), (2, 16, 16, 3))
    apply = compile_quickly(lambda gates: network.apply(variables, images, gates, train=False))
    for genotype in genotypes:
        row = space.lower(genotype)
        found = apply(make_gates(space.slots, row))
        static = ChainNetwork(space.decode(genotype))
        expected = compile_quickly(partial(static.apply, train=False))(
            slice_variables(variables, space.slots, row), images
        )
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    probe = Probe(
        space.slots, row, make_gates(space.slots, row), draw_unit_kernels(space.slots, jax.random.key(0)), images, None
    )
    macs = sum(one.used * one.fan_in * one.outputs * one.pixels for one in probe.layers.values())
    assert macs == count_macs(space.decode(genotypes[-1]))


@pytest.mark.parametrize("wide", [(12, 16), (6, 8)])
def test_a_supernet_holds_a_kind_whose_inner_part_gives_the_inputs_channels(monkeypatch, wide):
    inner = Part("depthwise", "in", "in", window=True, strided=True, relu6=True)
    monkeypatch.setitem(KINDS, "inner", Kind((inner, Part("conv", "in", "out", relu6=True))))
    layers = (Layer("conv", "narrow", stride=2), Layer("inner", "wide", stride=2))
    space = SearchSpace("inner", (Decision("narrow", (4, 8)), Decision("wide", wide)), layers, input_side=12)
    variables, images = random_variables(space, 0), random_images(space, 2, 1)
    apply = compile_quickly(partial(Supernet(space.slots).apply, train=False))
    for genotype in np.array([(0, 0), (1, 0), (0, 1)], np.int32):
        row = space.lower(genotype)
        static = compile_quickly(partial(ChainNetwork(space.decode(genotype)).apply, train=False))
        expected = static(slice_variables(variables, space.slots, row), images)
        found = apply(variables, images, gates_of(space, genotype))
        np.testing.assert_allclose(found[..., : expected.shape[-1]], expected, rtol=1e-4, atol=1e-4)
    kernels = draw_unit_kernels(space.slots, jax.random.key(0))
    probe = Probe(space.slots, row, gates_of(space, genotype), kernels, images, lambda output, example: output.sum())
    used = probe.run(probe.kernels, images).normalisations["slot_01_inner/BatchNorm_0"].used
    np.testing.assert_array_equal(used, [1] * 4 + [0] * 4)
