"""Files that people bring: compiled to the figures of Vela's own command line, or refused in a line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hw_model.cost import count_macs
from hw_model.errors import HardwareInputError
from hw_model.file_format import read_tflite
from hw_model.network_file import parse_network
from hw_model.predict import compiled
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.compiler import compile_operators
from hw_model.vela.core import measure_with_command_line
from hw_model.vela.tflite_file import compile_tflite
from hw_model.vela.tflite_writer import write_tflite
from tests.hw_model.networks import ALL_KINDS, SMALL
from tests.hw_model.tflite_graphs import GRAPHS, of_cpu_operators, with_cpu_operators

ACCELERATORS = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")


@pytest.mark.filterwarnings("ignore::DeprecationWarning:ethosu")
@pytest.mark.parametrize(("place", "name"), [*enumerate(GRAPHS)])
def test_published_networks_cost_what_the_command_line_says_of_the_same_bytes(place, name):
    accelerator, content = ETHOS_U[ACCELERATORS[place % len(ACCELERATORS)]], GRAPHS[name]()
    found, summary = compile_tflite(content, accelerator), measure_with_command_line(content, accelerator)
    assert found.latency_ms == pytest.approx(summary["inference_time"] * 1e3)
    assert found.peak_activation_bytes == summary["sram_memory_used"] * 1024
    assert found.macs == summary["nn_macs"]
    assert found.compressed_weight_bytes == summary["total_npu_encoded_weights"]
    assert sum(operator.latency_ms for operator in found.operators) == pytest.approx(found.latency_ms)
    assert sum(operator.off_chip_bytes for operator in found.operators) == found.off_chip_bytes
    assert not found.on_cpu


def test_a_file_of_blocks_costs_what_the_blocks_cost():
    accelerator = ETHOS_U["ethos-u65-256"]
    found, (measured, report) = compile_tflite(write_tflite(SMALL), accelerator), compile_operators(SMALL, accelerator)
    assert found.latency_ms == measured.latency_ms
    assert found.off_chip_bytes == measured.dram_bytes + measured.flash_bytes
    assert [o.off_chip_bytes for o in found.operators] == [*report.operator_off_chip_bytes]
    assert found.weight_compression == pytest.approx(measured.compressed_weight_bytes / found.weight_bytes)


def test_macs_of_a_file_are_the_compilers_which_counts_pools_means_and_on_some_accelerators_resizing():
    own = {"MaxPool": 2 * 2 * 16 * 8**2, "Mean": 24 * 16**2}  # window x outputs
    for name, resizing in (("ethos-u55-256", 16 * 16**2), ("ethos-u85-256", 0)):
        found = compile_tflite(write_tflite(ALL_KINDS), ETHOS_U[name])
        assert found.macs == count_macs(ALL_KINDS) + sum(own.values()) + resizing


@pytest.mark.parametrize("name", ["ethos-u55-256", "ethos-u85-256"])
def test_kernels_that_the_compiler_makes_up_for_pools_are_no_weights_of_the_file(name):
    accelerator = ETHOS_U[name]
    conv = [{"kind": "conv", "channels": 10, "kernel": 1}]
    pools = [{"kind": "avg_pool", "kernel": [8, 8], "stride": 1}, {"kind": "global_pool"}]
    pooled, plain = (
        parse_network({"input": [size, size, 16], "blocks": blocks}).blocks
        for size, blocks in ((32, pools + conv), (1, conv))
    )
    found = compile_tflite(write_tflite(pooled), accelerator)
    assert found.weight_bytes == 16 * 10
    alone = compile_tflite(write_tflite(plain), accelerator)
    assert alone.weight_bytes == 16 * 10
    assert found.weight_compression == pytest.approx(alone.weight_compression, rel=0.2)
    assert compiled(pooled, accelerator).weight_compression == found.weight_compression
    only_pools = parse_network({"input": [32, 32, 16], "blocks": pools}).blocks
    assert compiled(only_pools, accelerator).weight_compression is None
    assert compile_tflite(write_tflite(only_pools), accelerator).weight_compression is None


def test_what_stays_on_the_cpu_is_named_and_counted_and_the_rest_compiled(capfd):
    found = compile_tflite(with_cpu_operators(), ETHOS_U["ethos-u55-256"])
    assert found.on_cpu == {"Floor": 2}
    assert [operator.on_cpu for operator in found.operators] == [False, True, True, False]
    assert [(o.output_height, o.output_width, o.output_channels) for o in found.operators][-1] == (6, 16, 4)
    assert found.latency_ms > 0
    # the compiler's warnings would stand between the lines of --json, and say less than the answer
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["ethos-u55-256", "ethos-u85-256", "ethos-u55-256-sram-only"])
def test_a_file_that_stays_on_the_cpu_altogether_takes_no_time_on_the_accelerator(name):
    found = compile_tflite(of_cpu_operators(), ETHOS_U[name])
    assert found.on_cpu == {"Floor": 1}
    assert (found.latency_ms, found.peak_activation_bytes, found.off_chip_bytes, found.energy_mj) == (0, 0, 0, 0)
    assert found.weight_compression is None


def test_damaged_bytes_are_refused_and_do_not_end_the_process():
    content = GRAPHS["resnet8"]()
    for damaged in (content[: len(content) // 2], content[:8] + b"\xff" * 200 + content[208:]):
        with pytest.raises(HardwareInputError, match="damaged"):
            compile_tflite(damaged, ETHOS_U["ethos-u55-256"])


def test_a_script_that_starts_itself_again_is_told_what_it_lacks(tmp_path):
    (tmp_path / "script.py").write_text(
        "from hw_model.vela.accelerators import ETHOS_U\n"
        "from hw_model.vela.tflite_file import compile_tflite\n"
        "try:\n    compile_tflite(b'', ETHOS_U['ethos-u55-128'])\n"
        "except ValueError as error:\n    print(error)\n"
    )
    root = str(Path(__file__).parents[3])
    ran = subprocess.run(
        [sys.executable, tmp_path / "script.py"], env=os.environ | {"PYTHONPATH": root}, capture_output=True, text=True
    )
    assert "the compiler's process cannot start; allowed: a script whose calls stand below if __name__" in ran.stdout


def test_other_formats_are_named(tmp_path):
    for name, content, words in (
        ("net.onnx", b"\x08\x07\x12\x04", "is ONNX; allowed"),
        ("net.h5", b"\x89HDF\r\n", "is Keras"),
        ("renamed.bin", b"\x89HDF\r\n", "is Keras"),
        ("net.pt", b"PK\x03\x04", "is PyTorch"),
        ("net.tflite", b"{}", "no .tflite file"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(HardwareInputError, match=words):
            read_tflite(tmp_path / name)
    with pytest.raises(HardwareInputError, match="is a directory"):
        read_tflite(tmp_path)
    (tmp_path / "net.json").write_text("{}")
    assert read_tflite(tmp_path / "net.json") is None
    (tmp_path / "any.name").write_bytes(GRAPHS["autoencoder"]())
    assert read_tflite(tmp_path / "any.name") == GRAPHS["autoencoder"]()
