"""The cost command on boards and on systems of one's own: clocks, and memory that a network does not fit into."""

import json
from pathlib import Path

import pytest

from benchmarks.commands.cost import cost
from hw_model.errors import HardwareInputError


def answer(capsys, *args, **options):
    cost(*args, **options, json=True)
    return json.loads(capsys.readouterr().out)


def test_a_board_gives_accelerator_and_clock_and_warns_where_a_network_does_not_fit(capsys, tmp_path):
    estimated = answer(capsys, Path("ds_cnn"), board="numaker-m55m1")["results"][0]
    assert estimated["accelerator"] == "ethos-u55-256 (220 MHz)"
    plain = answer(capsys, Path("ds_cnn"), ("ethos-u55-256",))["results"][0]
    assert estimated["latency_ms"] == pytest.approx(plain["latency_ms"] * 500 / 220)
    compiled = answer(capsys, Path("ds_cnn"), board="numaker-m55m1", compile=True)["results"][0]
    assert "220 MHz" in compiled["accelerator"]
    file = tmp_path / "large.json"
    file.write_text('{"input": [320, 320, 3], "blocks": [{"kind": "conv", "channels": 32}]}')
    cost(file, board="numaker-m55m1")
    printed = " ".join(capsys.readouterr().out.split())
    assert "Nuvoton NuMaker-M55M1 has 1344 KiB, so this network does not run there as it is counted" in printed
    with pytest.raises(HardwareInputError, match="unknown board 'pico'; allowed: imx93, "):
        cost(file, board="pico")
    with pytest.raises(HardwareInputError, match="--board imx93 and --accelerator are given"):
        cost(file, ("npu-p32",), board="imx93")
    with pytest.raises(HardwareInputError, match="unknown board ''; allowed: imx93, "):
        cost(file, board="")


def test_what_is_compiled_for_a_board_is_planned_within_its_sram(capsys):
    within = answer(capsys, Path("mobilenet_v2_100"), board="numaker-m55m1", compile=True)["results"][0]
    assert "arena 1344 KiB" in within["accelerator"]
    assert within["peak_activation_bytes"] <= 1344 * 1024
    without = answer(capsys, Path("mobilenet_v2_100"), ("ethos-u55-256",), compile=True)["results"][0]
    assert without["peak_activation_bytes"] > 1344 * 1024
    assert not [line for line in within["board"]["warnings"] if "of SRAM" in line]


def test_sram_that_the_compiler_cannot_do_with_is_said(capsys):
    cost(Path("mobilenet_v2_050"), ("ethos-u55-256",), compile=True, arena_kib=64)
    assert "KiB of SRAM in use; the compiler could not do with 64 KiB." in " ".join(capsys.readouterr().out.split())


def test_a_clock_that_is_asked_for_is_not_called_the_boards(capsys):
    def told(**options):
        cost(Path("ds_cnn"), board="numaker-m55m1", compile=True, **options)
        return " ".join(capsys.readouterr().out.split())

    assert " 220 MHz, arena 1344 KiB) " in told()
    assert "; its clock and memory are those of " in told()
    faster = told(clock_mhz=400)
    assert " 400 MHz, arena 1344 KiB) " in faster
    assert "; its memory is that of " in faster
    of_section = told(system_config="Ethos_U55_High_End_Embedded")
    assert " 220 MHz, arena" not in of_section
    assert "; its memory is that of " in of_section


def test_a_system_of_one_s_own_is_for_what_is_compiled(capsys):
    cost(Path("ds_cnn"), ("ethos-u55-128",), compile=True, clock_mhz=250, json=True)
    slow = json.loads(capsys.readouterr().out)["results"][0]
    fast = answer(capsys, Path("ds_cnn"), ("ethos-u55-128",), compile=True)["results"][0]
    assert slow["latency_ms"] == pytest.approx(2 * fast["latency_ms"])
    assert "250 MHz" in slow["accelerator"]
    with pytest.raises(HardwareInputError, match="--memory-mode is for what is compiled"):
        cost(Path("ds_cnn"), ("ethos-u55-128",), memory_mode="Sram_Only")
