"""Systems of one's own: what they change, and that Vela's command line says the same of them."""

import pytest

from hw_model.errors import HardwareInputError
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.compiler import compile_blocks, measure_with_command_line
from hw_model.vela.system import in_system, shipped_ini
from hw_model.vela.tflite_writer import write_tflite
from tests.hw_model.networks import SMALL

U55, U65 = ETHOS_U["ethos-u55-256"], ETHOS_U["ethos-u65-512"]


def test_vela_s_defaults_given_by_name_change_nothing_but_the_name():
    for accelerator in ETHOS_U.values():
        found = in_system(accelerator, system_config=accelerator.system_config, memory_mode=accelerator.memory_mode)
        assert found.key == accelerator.key


def test_half_the_clock_takes_twice_as_long_in_as_many_cycles():
    slow, fast = compile_blocks(SMALL, in_system(U55, clock_mhz=250)), compile_blocks(SMALL, U55)
    assert slow.cycles == fast.cycles
    assert slow.latency_ms == pytest.approx(2 * fast.latency_ms)


def test_another_memory_mode_is_the_accelerator_of_that_mode():
    assert compile_blocks(SMALL, in_system(U55, memory_mode="Sram_Only")) == compile_blocks(
        SMALL, ETHOS_U["ethos-u55-256-sram-only"]
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning:ethosu")
def test_a_file_of_one_s_own_is_what_the_command_line_takes(tmp_path):
    ini = tmp_path / "own.ini"
    ini.write_text(
        shipped_ini().replace("Dram_read_latency=500", "Dram_read_latency=5000")
        + "\n[Memory_Mode.Tiny]\ninherit=Memory_Mode.Dedicated_Sram\narena_cache_size=65536\n"
    )
    own = in_system(U65, ini, memory_mode="Tiny")
    assert own.arena_cache_bytes == 65536
    assert own.key != in_system(U65, memory_mode="Dedicated_Sram_384KB").key
    found, summary = compile_blocks(SMALL, own), measure_with_command_line(write_tflite(SMALL), own)
    assert found.cycles == summary["cycles_total"]
    assert found.peak_activation_bytes == summary["sram_memory_used"] * 1024 <= 65536
    assert found.cycles > compile_blocks(SMALL, U65).cycles


def test_what_cannot_be_used_gets_one_line(tmp_path):
    broken = tmp_path / "broken.ini"
    broken.write_text("core_clock=1\n")
    for options, words in (
        ({"system_config": "Nonesuch"}, r"no section System_Config.Nonesuch in vela.ini; allowed: .*Deep_Embedded"),
        ({"memory_mode": "Nonesuch"}, r"no section Memory_Mode.Nonesuch .*Shared_Sram"),
        ({"clock_mhz": 0.0}, "clock is 0 MHz"),
        ({"clock_mhz": float("nan")}, "clock is nan MHz"),
        ({"arena_kib": 0}, "arena is 0 KiB"),
        ({"ini": broken}, "broken.ini"),
        ({"ini": tmp_path / "none.ini"}, "cannot be read"),
    ):
        with pytest.raises(HardwareInputError, match=words) as error:
            in_system(U55, **options)
        assert len(str(error.value)) <= 300
        assert "\n" not in str(error.value)
