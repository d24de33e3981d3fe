"""The compiler called in process against its own command line."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from ethosu.vela.tflite.Model import Model

from hw_model.blocks import Block
from hw_model.cost import count_macs, count_params
from hw_model.errors import HardwareInputError
from hw_model.vela.accelerators import ETHOS_U, get_accelerator
from hw_model.vela.compiler import compile_blocks
from hw_model.vela.core import measure_with_command_line
from hw_model.vela.tflite_writer import write_tflite
from tests.hw_model.networks import ALL_KINDS, NETWORKS, SMALL


@pytest.mark.parametrize("name", [*ETHOS_U])
@pytest.mark.filterwarnings("ignore::DeprecationWarning:ethosu")
@pytest.mark.parametrize("network", [*NETWORKS])
def test_the_in_process_compiler_equals_the_command_line(name, network):
    accelerator, blocks = ETHOS_U[name], NETWORKS[network]
    measured = compile_blocks(blocks, accelerator)
    summary = measure_with_command_line(write_tflite(blocks), accelerator)
    assert measured.cycles == summary["cycles_total"]
    assert measured.latency_ms == pytest.approx(summary["inference_time"] * 1e3)
    assert measured.peak_activation_bytes == summary["sram_memory_used"] * 1024
    assert measured.macs == summary["nn_macs"]
    assert measured.compressed_weight_bytes == summary["total_npu_encoded_weights"]


def test_all_eleven_configurations_come_in_two_memory_modes():
    assert len({accelerator.config for accelerator in ETHOS_U.values()}) == 11
    assert len({accelerator.key for accelerator in ETHOS_U.values()}) == 22
    assert all(name.endswith("-sram-only") == (a.memory_mode == "Sram_Only") for name, a in ETHOS_U.items())


def test_an_unknown_accelerator_is_told_which_there_are():
    with pytest.raises(HardwareInputError, match=r"unknown accelerator 'tpu'; allowed: ethos-u55-32, .*sram-only"):
        get_accelerator("tpu")


def test_the_compiler_counts_the_macs_and_weights_that_we_count():
    measured = compile_blocks(SMALL, ETHOS_U["ethos-u55-128"])
    assert measured.macs == count_macs(SMALL)
    assert measured.param_bytes == count_params(SMALL) + 3 * sum(
        {"conv": b.out_channels, "ibn": (1 + (b.expansion > 1)) * b.hidden_channels + b.out_channels}.get(
            b.kind, b.hidden_channels + b.out_channels
        )
        for b in SMALL
    )


def test_a_residual_and_a_second_kernel_size_really_reach_the_compiler():
    accelerator = ETHOS_U["ethos-u55-256"]
    block = Block("ibn", 24, 24, 32, 32, 3, 1, 6)
    plain = compile_blocks([block], accelerator).cycles
    assert compile_blocks([replace(block, residual=True)], accelerator).cycles > plain
    assert compile_blocks([replace(block, kernel=5)], accelerator).cycles > plain


def test_a_block_has_the_same_weights_wherever_it_stands():
    def first_weights(data: bytes, operator: int) -> bytes:
        model = Model.GetRootAs(data)
        graph = model.Subgraphs(0)
        tensor = graph.Tensors(graph.Operators(operator).Inputs(1))
        return model.Buffers(tensor.Buffer()).DataAsNumpy().tobytes()

    pair, single = write_tflite(SMALL[1:3]), write_tflite(SMALL[2:3])
    assert first_weights(pair, 3) == first_weights(single, 0)
    assert len(first_weights(single, 0)) == 9 * 16 * 64
    assert first_weights(pair, 0) != first_weights(single, 0)[:144]


def test_a_chain_that_does_not_fit_is_refused():
    with pytest.raises(HardwareInputError, match="block 1"):
        compile_blocks([ALL_KINDS[0], ALL_KINDS[2]], ETHOS_U["ethos-u55-256"])


def test_weights_are_spread_as_documented_in_equal_shares():
    model = Model.GetRootAs(write_tflite([Block("conv", 8, 8, 256, 256, 3)]))
    graph = model.Subgraphs(0)
    data = model.Buffers(graph.Tensors(graph.Operators(0).Inputs(1)).Buffer()).DataAsNumpy()
    weights = data.view("int8").astype(float)
    # 590,000 draws of a normal cut at 2.9 deviations: the standard error of mean and deviation is below 0.05
    assert abs(weights.mean()) < 0.2
    assert weights.std() == pytest.approx(32, abs=0.4)
    assert weights.min() == -weights.max() == -92


@pytest.mark.parametrize(
    ("block", "cycles"),
    [
        (Block("conv", 32, 32, 32, 32), (43268, 30426, 52400)),
        (Block("conv", 32, 32, 33, 33), (101352, 51671, 77343)),
        (Block("ibn", 24, 24, 24, 24, 3, 1, 6, residual=True), (81116, 44326, 47429)),
        (Block("ibn", 48, 48, 16, 24, 5, 2, 4), (85836, 45438, 62533)),
        (Block("fused_ibn", 24, 24, 24, 24, 3, 1, 4, residual=True), (110904, 64254, 80624)),
    ],
)
def test_what_is_written_has_not_changed_under_the_pinned_compiler(block, cycles):
    """Whoever changes the writer sees it here, and raises WRITER_VERSION."""
    names = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")
    assert tuple(compile_blocks([block], ETHOS_U[name]).cycles for name in names) == cycles


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        (
            [("conv", 4096, 1, 8192, 1), ("dense", 4096, 8192, 8192, 1)],
            "block 0 .conv. has a tensor of 137,438,953,472",
        ),
        (
            [("conv", 1, 4, 8192, 1), ("conv", 1, 8192, 8192, 7)],
            "has 3,288,367,104 weights; allowed .* up to 268,435,456",
        ),
    ],
)
def test_what_no_file_can_hold_is_refused_before_weights_are_drawn(blocks, message):
    network = [
        Block(kind, side, side, channels, outputs, kernel=kernel) for kind, side, channels, outputs, kernel in blocks
    ]
    with pytest.raises(HardwareInputError, match=message):
        write_tflite(network)


def test_threads_that_compile_at_once_leave_the_standard_output_where_it_was():
    before = os.fstat(1)
    with ThreadPoolExecutor(3) as pool:
        costs = list(pool.map(lambda _: compile_blocks(SMALL, ETHOS_U["ethos-u55-256"]), range(6)))
    assert len(set(costs)) == 1
    assert (os.fstat(1).st_dev, os.fstat(1).st_ino) == (before.st_dev, before.st_ino)
