"""Operators of files that people bring, as blocks: what was written is read back, what others wrote is told."""

import pytest

from hw_model.blocks import Block, GraphBlock, check_chain, sources
from hw_model.cost import count_macs, count_param_bytes
from hw_model.errors import HardwareInputError
from hw_model.network_file import parse_network
from hw_model.operator_arrays import graph_arrays
from hw_model.vela.tflite_reader import UnknownOperatorsError, read_blocks
from hw_model.vela.tflite_writer import write_tflite
from tests.hw_model.networks import ALL_KINDS, NETWORKS
from tests.hw_model.published_graphs import GRAPHS
from tests.hw_model.tflite_builder import Graph
from tests.hw_model.tflite_graphs import GRAPHS as FILES
from tests.hw_model.tflite_graphs import with_cpu_operators

WRITTEN = {name: parse_network(made()).blocks for name, made in GRAPHS.items()} | NETWORKS


@pytest.mark.parametrize("name", WRITTEN)
def test_what_the_writer_wrote_is_read_back_to_the_same_operators(name):
    blocks = WRITTEN[name]
    again = read_blocks(write_tflite(blocks))
    assert (count_macs(again), count_param_bytes(again)) == (count_macs(blocks), count_param_bytes(blocks))
    before, after = (graph_arrays(each, 256) for each in (blocks, again))
    for field in ("kind", "height", "width", "in_channels", "out_channels", "taps", "stride", "relu6", "held_bytes"):
        # the same operators in the same order, whichever blocks they stand in
        ours, theirs = (getattr(each, field)[each.mask].tolist() for each in (before, after))
        assert ours == theirs, field
    assert before.adds.sum() == after.adds.sum()


def test_a_chain_with_an_even_pool_is_read_back_as_that_chain_and_an_average_pool_as_network_files_have_it():
    chain = ALL_KINDS[:3]
    assert [block.kernel for block in chain] == [3, 2, 3]
    assert read_blocks(write_tflite(chain)) == chain
    check_chain(chain)
    pools = [{"kind": "avg_pool", "stride": 3}, {"kind": "avg_pool", "kernel": 2}]
    blocks = parse_network({"input": [24, 24, 4], "blocks": pools}).blocks
    assert read_blocks(write_tflite(blocks)) == blocks


def test_squeeze_and_excitation_is_found_in_the_operators_that_it_is_made_of():
    blocks = read_blocks(FILES["mobilenet_v3_small"]())
    found = [block for block in blocks if block.kind == "squeeze_excite"]
    assert [block.hidden for block in found if isinstance(block, GraphBlock)] == [8, 24, 64, 32, 72]
    assert [block.out_channels for block in found] == [16, 96, 240, 120, 288]


def test_an_addition_is_its_last_block_s_whether_its_activation_stands_before_or_behind_it():
    graph = Graph(8, 8, 4)
    kept = graph.conv(graph.input, 8)
    blocks = read_blocks(graph.finish(graph.add(kept, graph.conv(kept, 8, relu=True))))
    assert [(block.adds, block.activation) for block in blocks if isinstance(block, GraphBlock)] == [(0, True)]
    graph = Graph(8, 8, 4)
    first, second = graph.conv(graph.input, 8), graph.conv(graph.input, 8)
    graph.conv(second, 8)
    with pytest.raises(UnknownOperatorsError, match=r": ADD of two earlier tensors$"):
        read_blocks(graph.finish(graph.add(first, second)))


@pytest.mark.parametrize("kind", ["conv", "dense"])
def test_the_input_joined_with_a_later_tensor_is_read_back_so(kind):
    layers = [
        {"kind": "conv", "channels": 8, "name": "a"},
        {"kind": kind, "channels": 4, "kernel": 3 if kind == "conv" else 1, "from": ["input", "a"]},
    ]
    blocks = parse_network({"input": [8, 8, 3], "blocks": layers}).blocks
    again = read_blocks(write_tflite(blocks))
    assert [sources(block, place) for place, block in enumerate(again)] == [(-1,), (-1, 0)]
    assert [block.in_channels for block in again] == [3, 11]
    assert again == blocks


def test_activations_and_additions_of_the_input_itself_are_named():
    for made, named in (
        (lambda graph: graph.operator("RELU", [graph.input], graph.shapes[graph.input]), "RELU that follows no conv"),
        (lambda graph: graph.add(graph.pad(graph.input, 0, 0), graph.input), "ADD of two earlier tensors"),
    ):
        graph = Graph(8, 8, 4)
        with pytest.raises(UnknownOperatorsError, match=f": {named}"):
            read_blocks(graph.finish(graph.conv(made(graph), 4)))


def test_a_file_larger_than_estimators_know_is_left_to_the_compiler(monkeypatch):
    graph = Graph(8, 8, 4)
    content = graph.finish(graph.conv(graph.conv(graph.input, 8), 8))
    assert len(read_blocks(content)) == 2
    monkeypatch.setattr("hw_model.vela.tflite_reader._MOST_OPERATORS", 1)
    with pytest.raises(UnknownOperatorsError, match="files of one input and 1 operators at most; this has 1 and 2"):
        read_blocks(content)


def test_operators_that_no_block_stands_for_are_named_and_counted():
    with pytest.raises(UnknownOperatorsError, match=r"do not know these operators of the file: 2 x FLOOR$"):
        read_blocks(with_cpu_operators())
    with pytest.raises(UnknownOperatorsError, match=r": SOFTMAX$"):
        read_blocks(FILES["resnet8"]())
    graph = Graph(8, 8, 4)
    kept = graph.conv(graph.input, 8)
    other = graph.operator("MUL", [kept, graph.conv(kept, 8)], graph.shapes[kept])
    with pytest.raises(UnknownOperatorsError, match=r": MUL$"):
        read_blocks(graph.finish(graph.conv(other, 3)))


def test_convolutions_in_groups_and_dilated_ones_are_named():
    for kind, how, named in (
        ("conv", {"channels": 8, "groups": 2}, "CONV_2D in 2 groups"),
        ("conv", {"channels": 8, "dilation": (2, 2)}, "CONV_2D dilated by 2x2"),
        ("depthwise", {"dilation": (1, 2)}, "DEPTHWISE_CONV_2D dilated by 1x2"),
    ):
        graph = Graph(8, 8, 4)
        with pytest.raises(UnknownOperatorsError, match=f"of the file: {named}$"):
            read_blocks(graph.finish(getattr(graph, kind)(graph.input, **how)))


def test_padding_before_an_unpadded_window_is_the_window_s_own_and_padding_of_channels_is_not():
    for channels in (0, 2):
        graph = Graph(8, 8, 4)
        padded = graph.pad(graph.conv(graph.input, 8), 1, 1, channels)
        content = graph.finish(graph.conv(padded, 16, valid=True))
        if channels:
            with pytest.raises(UnknownOperatorsError, match=r": CONV_2D behind a padding$"):
                read_blocks(content)
        else:
            assert read_blocks(content)[1] == Block("conv", 8, 8, 8, 16)


def test_networks_larger_than_blocks_may_be_are_told_from_damaged_files():
    deep = Graph(8, 8, 4)
    x = deep.input
    for _ in range(257):
        x = deep.conv(x, 4, (1, 1))
    wide, flat = Graph(2, 2, 4), Graph(16, 16, 64)
    for content, named in (
        (deep.finish(x), "network has 257 blocks; allowed: 1 to 256"),
        (wide.finish(wide.conv(wide.input, 8193, (1, 1))), r"block 0 \(conv\): out_channels is 8193; allowed"),
        (flat.finish(flat.dense(flat.input, 10)), r"block 0 \(dense\): in_channels is 16384; allowed"),
    ):
        with pytest.raises(UnknownOperatorsError, match=f"do not know networks like the file's: {named}"):
            read_blocks(content)


def test_damaged_bytes_get_one_line():
    content = FILES["u_net"]()
    for damaged in (content[: len(content) // 3], content[:8] + b"\xff" * 400 + content[408:]):
        with pytest.raises(HardwareInputError, match=r"the \.tflite file"):
            read_blocks(damaged)
