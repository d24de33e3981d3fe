"""Networks that are no chains: what JSON may say, what they compile to, what estimators know of them."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.problem import check_fits
from hw_model.blocks import GraphBlock, check_chain, is_chain, outputs
from hw_model.cost import count_macs, count_params
from hw_model.errors import HardwareInputError
from hw_model.network_file import parse_network
from hw_model.network_schema import network_schema
from hw_model.network_text import network_content, summary
from hw_model.npu.model import NPUS, operator_sram_bytes
from hw_model.operator_arrays import graph_arrays, operator_arrays
from hw_model.operators import block_operators
from hw_model.predict import predict
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.compiler import compile_operators
from hw_model.vela.core import measure_with_command_line
from hw_model.vela.tflite_writer import write_tflite
from hw_model.workload import workload_from_chains
from tasks.registry import make_task
from tests.hw_model.networks import NETWORKS
from tests.hw_model.published_graphs import GRAPHS

ACCELERATORS = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")
EXTRAPOLATED = {"ds_cnn", "wake_words", "resnet8", "autoencoder", "mobilenet_v1", "mobilenet_v3_small", "u_net"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning:ethosu")
@pytest.mark.parametrize(("place", "name"), [*enumerate(GRAPHS)])
def test_published_networks_compile_to_the_command_lines_figures_and_are_estimated_within_a_fifth(place, name):
    accelerator, blocks = ETHOS_U[ACCELERATORS[place % 3]], parse_network(GRAPHS[name]()).blocks
    measured, report = compile_operators(blocks, accelerator)
    summary = measure_with_command_line(write_tflite(blocks), accelerator)
    assert measured.latency_ms == pytest.approx(summary["inference_time"] * 1e3)
    assert measured.macs == summary["nn_macs"]
    assert sum(report.operator_cycles) == measured.cycles
    estimated = predict(blocks, accelerator.name)
    assert estimated.cost.latency_ms == pytest.approx(measured.latency_ms, rel=0.2)
    assert estimated.extrapolated == (name in EXTRAPOLATED)


@pytest.mark.parametrize(
    ("name", "macs"),
    # the first by the shapes of arXiv:2106.07597's models, as mlcommons/tiny trains them
    [("ds_cnn", 2_656_768), ("wake_words", 7_489_664), ("resnet8", 12_501_632), ("autoencoder", 264_192)],
)
def test_mlperf_tinys_models_have_their_macs(name, macs):
    assert count_macs(parse_network(GRAPHS[name]()).blocks) == macs


def test_parameters_of_windows_of_two_sides_hidden_channels_and_dense_layers_by_hand():
    blocks = parse_network(
        {
            "input": [8, 6, 2],
            "blocks": [
                {"kind": "conv", "channels": 4, "kernel": [5, 2], "stride": [2, 1]},
                {"kind": "ibn", "channels": 4, "hidden": 10},
                {"kind": "squeeze_excite", "hidden": 3},
                {"kind": "avg_pool", "kernel": [3, 2], "padding": "valid"},
                {"kind": "dense", "channels": 7},
            ],
        }
    ).blocks
    assert [(block.out_height, block.out_width) for block in blocks] == [(4, 6), (4, 6), (4, 6), (2, 5), (1, 1)]
    convolutions = 5 * 2 * 2 * 4 + 4, 4 * 10 + 10 + 9 * 10 + 10 + 10 * 4 + 4, 4 * 3 + 3 + 3 * 4 + 4, 2 * 5 * 4 * 7 + 7
    assert count_params(blocks) == sum(convolutions)
    assert count_macs(blocks) == 24 * 80 + 24 * (40 + 90 + 40) + 12 + 12 + 280


@pytest.mark.parametrize("name", GRAPHS)
def test_what_is_written_of_a_graph_reads_back_equal_with_the_schemas_fields(name):
    content = GRAPHS[name]()
    blocks = parse_network(content).blocks
    again = json.loads(json.dumps(network_content(name, blocks)))
    assert parse_network(again).blocks == blocks
    fields = network_schema()["properties"]["blocks"]["items"]["properties"].keys()
    assert all(entry.keys() <= fields for one in (content, again) for entry in one["blocks"])


def test_neighbours_stand_in_the_summary_and_what_nobody_takes_is_an_output():
    blocks = parse_network(GRAPHS["resnet8"]()).blocks
    assert "conv 32 k1 /2, conv 32 /2 from 2, conv 32 plus 3" in summary(blocks)
    assert outputs(blocks) == [len(blocks) - 1]
    assert len(outputs(parse_network(GRAPHS["ssd"]()).blocks)) == 4
    # the activation of a block that adds follows the addition
    assert [(one.kind, one.relu6) for one in block_operators(blocks[5])] == [("conv", False), ("add", True)]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_chain_has_the_same_arrays_of_operators_as_a_graph_and_as_a_workload(name):
    as_graph, as_chain = graph_arrays(NETWORKS[name], 9), operator_arrays(workload_from_chains([NETWORKS[name]], 9))
    mask = np.asarray(as_chain.mask)
    np.testing.assert_array_equal(as_graph.mask, mask)
    for field in as_graph._fields:
        np.testing.assert_array_equal(getattr(as_graph, field)[mask], np.asarray(getattr(as_chain, field))[mask], field)


def test_what_a_later_block_takes_is_held_until_then():
    pool = {"kind": "avg_pool", "kernel": 2, "stride": 2}
    layers = [
        {"kind": "conv", "channels": 16, "name": "kept"},
        pool,
        pool,
        {"kind": "upsample", "stride": [4, 4], "name": "up"},
    ]
    content = {"input": [8, 8, 16], "blocks": [*layers, {"kind": "conv", "channels": 5, "from": ["up", "kept"]}]}
    held = graph_arrays(parse_network(content).blocks, 5).held_bytes[0, :, 2]
    assert held.tolist() == [0, 0, 1024, 1024, 0]


@pytest.mark.parametrize(
    # all of it fits into 384 KiB of SRAM, or what waits does so behind them, or there is no such limit
    ("side", "accelerator", "within"),
    [(48, "ethos-u55-256", 0.02), (48, "ethos-u85-1024", 0.02), (96, "ethos-u65-512", 0.2), (96, "ethos-u55-32", 0.02)],
)
def test_what_another_output_is_made_of_is_in_the_sram_until_then_where_it_fits(side, accelerator, within):
    layers = [
        {"kind": "conv", "channels": 16, "name": "a"},
        {"kind": "conv", "channels": 11, "kernel": 1},
        {"kind": "conv", "channels": 16, "stride": 2, "from": "a"},
        {"kind": "ibn", "channels": 16, "expansion": 6, "residual": True, "repeat": 2},
        {"kind": "conv", "channels": 9, "kernel": 1},
    ]
    blocks = parse_network({"input": [side, side, 3], "blocks": layers}).blocks
    arrays = graph_arrays(blocks, 6)
    # the last output is there before the first is made
    shared, last = side**2 * 16, (side // 2) ** 2 * 9
    assert arrays.waiting_bytes[0, :, 2].tolist() == [0, last, 0, shared, shared, shared]
    assert arrays.waiting_bytes[0, 3].tolist() == [shared] * 3
    estimated, compiled = (predict(blocks, accelerator, method).cost for method in ("estimate", "compile"))
    assert estimated.peak_activation_bytes == pytest.approx(compiled.peak_activation_bytes, rel=within)
    alone = operator_sram_bytes(NPUS["npu-p16"], arrays._replace(waiting_bytes=np.zeros((1, 6, 3), np.float32)))
    more = operator_sram_bytes(NPUS["npu-p16"], arrays) - alone
    assert more[0, :, 2].tolist() == arrays.waiting_bytes[0, :, 2].tolist()


def test_graphs_have_a_cost_and_no_trained_form():
    blocks = parse_network(GRAPHS["resnet8"]()).blocks
    assert not is_chain(blocks)
    with pytest.raises(HardwareInputError, match="block 2 is a conv of sizes or neighbours of its own; allowed here"):
        check_chain(blocks)
    with pytest.raises(BenchmarkInputError, match=r"network a\.json has no trained form: block 2 is a conv"):
        check_fits(Path("a.json"), blocks, make_task("classification"))
    # written as lists, what a chain has is a graph's; as numbers a chain's
    one = {"kind": "conv", "channels": 4, "kernel": [3, 3]}
    assert isinstance(parse_network({"input": [8, 8, 3], "blocks": [one]}).blocks[0], GraphBlock)


A = {"kind": "conv", "channels": 8, "name": "a"}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"kind": "conv", "channels": 8, "from": "b"},
            "block 1 (conv): from is 'b'; allowed: names of blocks before it",
        ),
        ({"kind": "conv", "channels": 8, "from": []}, "from is []; allowed: a name or a list of names"),
        ({"kind": "conv", "channels": 8, "add": 0}, "block 1 (conv): add is 0; allowed: names"),
        ({"kind": "conv", "channels": 9, "add": "a"}, "gives 16x12x9 but adds block 0, which gives 16x12x8; they must"),
        ({"kind": "conv", "channels": 8, "add": "a", "repeat": 2}, "repeat is 2; allowed with from or add: 1"),
        (A, "block 1: name is 'a'; allowed: a text of 1 to 40 characters that no other block has"),
        (
            {"kind": "conv", "channels": 8, "kernel": [3]},
            "kernel is [3]; allowed: [height, width] in whole numbers 1 to",
        ),
        ({"kind": "conv", "channels": 8, "stride": [1, 0]}, "stride is [1, 0]; allowed: [height, width]"),
        (
            {"kind": "conv", "channels": 8, "hidden": 4},
            "hidden is 4; allowed: without expansion, for ibn, fused_ibn and",
        ),
        ({"kind": "ibn", "channels": 8, "hidden": 0}, "hidden is 0; allowed: whole numbers 1 to"),
        ({"kind": "ibn", "channels": 8, "hidden": 9, "expansion": 2}, "hidden is 9; allowed: without expansion"),
        ({"kind": "dense", "channels": 8, "kernel": [1, 2]}, "block 1 (dense): has no window; allowed: a kernel of 1"),
        ({"kind": "dense", "channels": 8, "stride": [2, 1]}, "has no window to move; allowed: a stride of 1"),
        ({"kind": "dense", "channels": 8, "kernel": 7}, "block 1 (dense): has no window; allowed: a kernel of 1"),
        ({"kind": "global_pool", "kernel": 5}, "block 1 (global_pool): has no window; allowed: a kernel of 1"),
        ({"kind": "global_pool", "stride": 2}, "block 1 (global_pool): has no window to move; allowed: a stride of 1"),
        ({"kind": "conv", "channels": 8, "padding": "full"}, "padding is 'full'; allowed: same, valid"),
        ({"kind": "avg_pool", "kernel": [20, 2], "padding": "valid"}, "an unpadded window of 20 x 2 on 16 x 12 pixels"),
        ({"kind": "conv", "channels": 8, "stride": 2, "from": ["a", "input"], "residual": True}, "a residual needs"),
        ({"kind": "max_pool", "kernel": 2, "stride": 2, "name": "x" * 41}, "name is 'xxx"),
    ],
)
def test_a_mistake_in_a_graph_gets_one_line(entry, message):
    with pytest.raises(HardwareInputError) as error:
        parse_network({"input": [16, 12, 3], "blocks": [A, entry]})
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_tensors_of_two_sizes_are_not_joined():
    small = {"kind": "max_pool", "stride": 2, "name": "b"}
    with pytest.raises(HardwareInputError, match="takes tensors of 16x12, 8x6; allowed: of one height and width"):
        parse_network({"input": [16, 12, 3], "blocks": [A, small, {"kind": "conv", "channels": 8, "from": ["a", "b"]}]})
