"""What estimators were not fitted to is named with its block."""

import numpy as np
import pytest

from hw_model.cost_models import cost_model
from hw_model.learned.features import INPUT_BYTES, Machine, operator_features
from hw_model.learned.outside import outside_fit
from hw_model.learned.samples import NETWORK_SETS, sample_general_networks, sample_networks
from hw_model.network_file import parse_network
from hw_model.operator_arrays import operator_arrays
from hw_model.predict import predict
from hw_model.rounding import round_up
from hw_model.vela.accelerators import ETHOS_U
from hw_model.workload import workload_from_chains
from tests.hw_model.published_graphs import GRAPHS

WHOLE = ("ethos-u55-256", "ethos-u65-256", "ethos-u65-512", "ethos-u85-1024")
"""Whose estimators were fitted to short chains of any blocks too."""


def test_what_no_fit_has_seen_is_named_with_its_block():
    blocks = parse_network(GRAPHS["ds_cnn"]()).blocks
    assert outside_fit(blocks, fragments=True) == ("a window of 10 x 4 (block 0)", "avg_pool (block 9)")
    assert outside_fit(parse_network(GRAPHS["u_net"]()).blocks, fragments=True) == tuple(
        f"joined tensors (block {place})" for place in (8, 10)
    )
    assert outside_fit(parse_network(GRAPHS["mcunet"]()).blocks, fragments=True) == ()
    # on ethos-u85-256 the estimate of these is twice the compiler's
    rows = outside_fit(parse_network(GRAPHS["autoencoder"]()).blocks, fragments=True)
    assert rows == tuple(f"dense layers in a row (block {place})" for place in range(1, 10))
    assert predict(blocks, "npu-p32").outside_fit == ()


def test_pools_and_resizes_of_sizes_that_no_fit_has_seen_are_named():
    start, end = {"kind": "conv", "channels": 64}, {"kind": "conv", "channels": 16}
    for between, words in (
        ({"kind": "max_pool", "kernel": 7, "stride": 1}, ("a max_pool of 7 x 7 in steps of 1 x 1 (block 1)",)),
        ({"kind": "max_pool", "kernel": 5, "stride": 2}, ("a max_pool of 5 x 5 in steps of 2 x 2 (block 1)",)),
        ({"kind": "max_pool", "kernel": 3, "stride": 3}, ("a max_pool of 3 x 3 in steps of 3 x 3 (block 1)",)),
        ({"kind": "upsample", "stride": 3}, ("an upsample by 3 x 3 (block 1)",)),
        ({"kind": "upsample", "stride": [2, 1]}, ("an upsample by 2 x 1 (block 1)",)),
        ({"kind": "max_pool", "kernel": 3, "stride": 2}, ()),
        ({"kind": "upsample", "stride": 2}, ()),
    ):
        blocks = parse_network({"input": [48, 48, 16], "blocks": [start, between, end]}).blocks
        found = predict(blocks, "ethos-u55-256")
        assert (found.outside_fit, found.extrapolated) == (words, bool(words))


@pytest.mark.parametrize(
    ("block", "words"),
    [  # the first took half as long again on ethos-u55-128 as estimated
        ({"kind": "conv", "channels": 32, "residual": True}, "an addition to a conv"),
        ({"kind": "conv", "channels": 32, "kernel": 1, "residual": True}, "an addition to a conv"),
        ({"kind": "conv", "channels": 32, "kernel": 7}, "a window of 7 x 7"),
        ({"kind": "conv", "channels": 32, "stride": 3}, "a stride of 3 x 3"),
        ({"kind": "max_pool", "stride": 2}, "a max_pool of 3 x 3 in steps of 2 x 2"),
        ({"kind": "ibn", "channels": 32, "kernel": 5, "expansion": 6, "residual": True}, ""),
        ({"kind": "fused_ibn", "channels": 32, "expansion": 6, "residual": True}, ""),
        ({"kind": "max_pool", "kernel": 2, "stride": 2}, ""),
    ],
)
def test_what_only_some_estimators_were_fitted_to_is_named_for_the_others(block, words):
    ends = {"kind": "conv", "channels": 32}, {"kind": "conv", "channels": 10, "kernel": 1}
    blocks = parse_network({"input": [48, 48, 3], "blocks": [ends[0], block, ends[1]]}).blocks
    for name in ("ethos-u55-128", "ethos-u55-256-sram-only", "ethos-u85-256"):
        assert predict(blocks, name).outside_fit == ((f"{words} (block 1)",) if words else ())
    for name in WHOLE:
        assert predict(blocks, name).outside_fit == ()


def test_an_ibn_of_three_blocks_is_within_the_fit_and_an_addition_to_a_depthwise_is_not():
    start, wide = {"kind": "conv", "channels": 16, "name": "a"}, {"kind": "conv", "channels": 64, "kernel": 1}
    narrow = {"kind": "conv", "channels": 16, "kernel": 1, "activation": False, "add": "a"}
    for between, words in (
        ([wide, {"kind": "depthwise"}, narrow], ()),
        ([{"kind": "depthwise", "add": "a"}], ("an addition to a depthwise (block 1)",)),
    ):
        blocks = parse_network({"input": [16, 16, 3], "blocks": [start, *between]}).blocks
        assert outside_fit(blocks, fragments=False) == outside_fit(blocks, fragments=True) == words


def test_a_residual_and_an_addition_in_one_block_which_are_costed_as_one_are_named():
    layers = [{"kind": "conv", "channels": 16, "name": "a"}, {"kind": "conv", "channels": 16}]
    layers += [{"kind": "conv", "channels": 16, "residual": True, "add": "a"}]
    blocks = parse_network({"input": [16, 16, 3], "blocks": layers}).blocks
    for fragments in (False, True):
        assert outside_fit(blocks, fragments=fragments) == ("two additions (block 2)",)


def test_a_shortcut_with_a_convolution_is_a_branch_and_heads_and_plain_shortcuts_are_none():
    # on ethos-u55-256 the estimate of such shortcuts is a quarter above the compiler's, of heads 0 to 4%
    assert outside_fit(parse_network(GRAPHS["resnet8"]()).blocks, fragments=True) == (
        *("a branch (block 5)", "a branch (block 8)", "avg_pool (block 9)"),
    )
    assert outside_fit(parse_network(GRAPHS["ssd"]()).blocks, fragments=True) == ()
    conv = {"kind": "conv", "channels": 16}
    layers = [conv | {"name": "a"}, conv | {"name": "b"}, conv | {"from": "a", "name": "c"}]
    for last, words in (
        ({"from": "b"}, ("a branch (block 3)",)),
        ({"add": "a"}, ()),
        ({"add": "b"}, ("a branch (block 3)",)),
    ):
        blocks = parse_network({"input": [16, 16, 3], "blocks": [*layers, conv | last]}).blocks
        assert outside_fit(blocks, fragments=True) == words


def test_estimators_that_learned_from_short_chains_of_any_blocks_are_told_by_their_files():
    assert tuple(name for name in ETHOS_U if cost_model(name).knows_fragments) == WHOLE
    drawn = [network for each in NETWORK_SETS for network in sample_networks(1, 5, each)]
    drawn += sample_general_networks(1, 60)
    operators = operator_arrays(workload_from_chains(drawn))
    features = operator_features(operators, Machine(256, 1e6))
    assert np.asarray(features[..., INPUT_BYTES])[operators.mask].min() > 6
    bytes_in = operators.in_height * operators.in_width * round_up(operators.in_channels, 16)
    np.testing.assert_allclose(features[..., INPUT_BYTES], np.log2(bytes_in + 1), rtol=1e-5)


def test_an_even_window_is_named_and_that_of_a_max_pool_is_not():
    layers = [{"kind": "conv", "channels": 8, "kernel": 4}, {"kind": "max_pool", "kernel": 2, "stride": 2}]
    layers += [{"kind": "ibn", "channels": 8, "kernel": 2, "stride": 2}]
    blocks = parse_network({"input": [16, 16, 3], "blocks": layers}).blocks
    assert outside_fit(blocks, fragments=True) == ("a window of 4 x 4 (block 0)", "a window of 2 x 2 (block 2)")
