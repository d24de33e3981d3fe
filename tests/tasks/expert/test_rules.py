"""Every rule gives networks that fit where the old one stood, and does what its name says."""

import math
from dataclasses import replace

import jax
import numpy as np
import pytest

from benchmarks.problem import baseline_blocks
from hw_model.blocks import Block, check_chain
from hw_model.cost import count_macs, count_params
from hw_model.network_file import EXAMPLES, load_network
from tasks.expert.align_channels import ALIGN_CHANNELS
from tasks.expert.chains import channel_groups, set_channels
from tasks.expert.even_channels import EVEN_CHANNELS
from tasks.expert.fuse import FUSE_IBN
from tasks.expert.procedure import RULES
from tasks.expert.standard_conv import STANDARD_CONV
from tasks.expert.width_multiplier import WIDTH_MULTIPLIER
from tasks.networks.blocks import BlockLayer
from tasks.registry import TASKS, make_task
from tests.hw_model.networks import ALL_KINDS, UNALIGNED

NETWORKS = {task: baseline_blocks(make_task(task)) for task in TASKS}
NETWORKS |= {path.stem: load_network(path).blocks for path in sorted(EXAMPLES.glob("*.json"))}
NETWORKS |= {"all kinds": ALL_KINDS, "unaligned": UNALIGNED}
# whose last block gives the channels that it takes, and with them the classes of the one before
STEM = (Block("conv", 32, 32, 3, 16, stride=2), Block("conv", 16, 16, 16, 32, stride=2))
CLASSIFIER = Block("conv", 8, 8, 32, 10, kernel=1, activation=False)
NETWORKS |= {"mean at the end": (*STEM, CLASSIFIER, Block("global_pool", 8, 8, 10, 10))}
NETWORKS |= {"upsample at the end": (*STEM, CLASSIFIER, Block("upsample", 8, 8, 10, 10, kernel=1, stride=2))}


@pytest.mark.parametrize("parallelism", [8, 16, 64])
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("rule", RULES)
def test_a_rewrite_is_a_chain_with_the_same_input_and_output(rule, network, parallelism):
    blocks = NETWORKS[network]
    for place in range(len(blocks)):
        for rewrite in RULES[rule].propose(blocks, place, parallelism):
            check_chain(rewrite.blocks)
            assert rewrite.blocks != blocks
            for old, new in ((blocks[0], rewrite.blocks[0]), (blocks[-1], rewrite.blocks[-1])):
                assert (new.height, new.width) == (old.height, old.width)
            last = rewrite.blocks[-1]
            assert rewrite.blocks[0].in_channels == blocks[0].in_channels
            assert (last.out_channels, last.activation) == (blocks[-1].out_channels, blocks[-1].activation)
            assert (last.out_height, last.out_width) == (blocks[-1].out_height, blocks[-1].out_width)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_proposes_something_for_some_network(rule):
    assert any(RULES[rule].propose(blocks, place, 16) for blocks in NETWORKS.values() for place in range(len(blocks)))


def test_a_fused_block_has_the_weights_that_its_definition_says():
    block = Block("ibn", 24, 24, 16, 24, 3, 2, 6)
    last = Block("conv", 12, 12, 24, 5, 1, activation=False)
    rewrites = FUSE_IBN.propose((block, last), 0, 8)
    assert [rewrite.blocks[0].expansion for rewrite in rewrites] == [3, 4, 6]
    for rewrite, expansion in zip(rewrites, (3, 4, 6), strict=True):
        hidden = 16 * expansion
        assert count_macs(rewrite.blocks[:1]) == 12 * 12 * (9 * 16 * hidden + hidden * 24)
    assert FUSE_IBN.propose((block, last), 1, 8) == ()


def test_no_fused_block_is_wider_than_what_it_replaces():
    block = Block("ibn", 24, 24, 16, 24, 3, 2, 3)
    last = Block("conv", 12, 12, 24, 5, 1, activation=False)
    assert [rewrite.blocks[0].expansion for rewrite in FUSE_IBN.propose((block, last), 0, 8)] == [3]


def test_a_standard_convolution_takes_the_place_of_an_inverted_bottleneck():
    blocks = (
        Block("ibn", 24, 24, 16, 16, 5, 1, 6, residual=True),
        Block("conv", 24, 24, 16, 5, 1, activation=False),
    )
    (rewrite,) = STANDARD_CONV.propose(blocks, 0, 8)
    assert rewrite.blocks[0] == Block("conv", 24, 24, 16, 16, 5, 1, residual=True)
    assert count_params(rewrite.blocks[:1]) == 25 * 16 * 16 + 16


def test_a_depthwise_separable_pair_becomes_one_convolution():
    blocks = NETWORKS["ds_cnn"]
    (rewrite,) = STANDARD_CONV.propose(blocks, 1, 8)
    assert len(rewrite.blocks) == len(blocks) - 1
    assert (rewrite.blocks[1].kind, rewrite.blocks[1].kernel, rewrite.blocks[1].out_channels) == ("conv", 3, 64)
    assert count_macs(rewrite.blocks[1:2]) == 25 * 5 * 9 * 64 * 64


def test_a_convolution_in_the_place_of_a_linear_depthwise_one_and_its_1x1_activates_as_that_does():
    linear = Block("depthwise", 8, 8, 32, 32, activation=False)
    blocks = (*STEM, linear, Block("conv", 8, 8, 32, 16, kernel=1), replace(CLASSIFIER, in_channels=16))
    (rewrite,) = STANDARD_CONV.propose(blocks, 2, 8)
    assert rewrite.blocks[2] == Block("conv", 8, 8, 32, 16)


def test_a_linear_depthwise_block_becomes_a_convolution_that_activates_but_where_it_is_the_output():
    """A convolution without activation is a predicting layer: with a bias, without normalisation."""
    linear = Block("depthwise", 8, 8, 32, 32, activation=False)
    (inside,) = STANDARD_CONV.propose((*STEM, linear, CLASSIFIER), 2, 8)
    assert inside.blocks[2] == replace(linear, kind="conv", activation=True)
    (last,) = STANDARD_CONV.propose((*STEM, linear), 2, 8)
    assert last.blocks[2] == replace(linear, kind="conv")


def test_even_channels_are_equal_or_half_way():
    blocks = NETWORKS["detection"]
    found = {
        tuple(block.out_channels for block in rewrite.blocks[:-1]) for rewrite in EVEN_CHANNELS.propose(blocks, 0, 16)
    }
    assert (16,) * 9 in found
    # half the way from 16, 24, 48 and 64 to 32
    assert (24, 24, 24, 28, 28, 40, 40, 48, 48) in found
    assert EVEN_CHANNELS.propose(blocks, 1, 16) == ()


@pytest.mark.parametrize("parallelism", [8, 16])
def test_alignment_at_every_place_leaves_multiples_of_the_factor_only(parallelism):
    blocks = UNALIGNED
    assert any(block.out_channels % parallelism for block in blocks[:-1])
    for place in range(len(blocks)):
        rewrites = ALIGN_CHANNELS.propose(blocks, place, parallelism)
        width = blocks[place].out_channels
        near = {math.floor(width / parallelism) * parallelism, math.ceil(width / parallelism) * parallelism} - {0}
        assert {rewrite.blocks[place].out_channels for rewrite in rewrites} <= near
        if rewrites:
            blocks = rewrites[-1].blocks
    assert not any(block.out_channels % parallelism for block in blocks[:-1])


def test_a_width_multiplier_never_widens():
    blocks = NETWORKS["detection"]
    for rewrite in WIDTH_MULTIPLIER.propose(blocks, 0, 16):
        narrower = [new.out_channels <= old.out_channels for new, old in zip(rewrite.blocks, blocks, strict=True)]
        assert all(narrower)
        assert count_macs(rewrite.blocks) < count_macs(blocks)


def test_blocks_add_where_shapes_become_equal_and_not_where_they_chose_not_to():
    blocks = (
        Block("conv", 8, 8, 3, 8, 3, 1),
        Block("ibn", 8, 8, 8, 16, 3, 1, 3),
        Block("conv", 8, 8, 16, 16, 3, 1),
        Block("ibn", 8, 8, 16, 16, 3, 1, 3, residual=True),
        Block("conv", 8, 8, 16, 5, 1, activation=False),
    )
    assert [block.residual for block in set_channels(blocks, (16, 16, 16, 16, 5))] == [False, True, False, True, False]
    assert [block.residual for block in set_channels(blocks, (8, 16, 16, 24, 5))] == [False] * 5
    assert set_channels(blocks, [block.out_channels for block in blocks]) == blocks


def test_groups_are_runs_of_equal_channels_without_the_predicting_layer():
    assert channel_groups(NETWORKS["detection"]) == [range(3), range(3, 5), range(5, 7), range(7, 9)]


def test_a_rewritten_block_can_be_trained():
    (rewrite,) = STANDARD_CONV.propose(NETWORKS["detection"], 2, 8)
    block = rewrite.blocks[2]
    layer = BlockLayer(block)
    variables = layer.init(jax.random.key(0), np.zeros((1, 8, 8, 16), np.float32), False)
    assert sum(leaf.size for leaf in jax.tree.leaves(variables["params"])) >= 9 * 16 * 16
