"""Systems of one's own: what they change, and that Vela's command line says the same of them."""

import ast
import inspect

import pytest
from ethosu.vela import architecture_features
from ethosu.vela.errors import ConfigOptionError
from ethosu.vela.tensor import MemArea

from hw_model.errors import HardwareInputError
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.compiler import compile_blocks
from hw_model.vela.core import measure_with_command_line
from hw_model.vela.system import allowed_keys, constants_in_sram, in_system, shipped_ini
from hw_model.vela.tflite_writer import write_tflite
from tests.hw_model.networks import SMALL

U55, U65 = ETHOS_U["ethos-u55-256"], ETHOS_U["ethos-u65-512"]


def test_vela_s_defaults_given_by_name_change_nothing_but_the_name():
    for accelerator in ETHOS_U.values():
        found = in_system(accelerator, system_config=accelerator.system_config, memory_mode=accelerator.memory_mode)
        assert found.key == accelerator.key


def test_the_name_says_all_that_was_given(tmp_path):
    ini = tmp_path / "own.ini"
    ini.write_text(shipped_ini())
    own = {"ini": ini}
    given = ({}, {"clock_mhz": 250}, {"arena_kib": 64}, {"arena_kib": 4096}, own, own | {"arena_kib": 64})
    names = [in_system(U55, **options).name for options in given]
    assert len({*names}) == len(names)
    assert names[-1] == "ethos-u55-256 (Ethos_U55_High_End_Embedded, Shared_Sram, 500 MHz, arena 64 KiB, own.ini)"


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


def test_a_file_with_a_byte_order_mark_is_the_one_without(tmp_path):
    own = [tmp_path / f"{encoding}.ini" for encoding in ("utf-8", "utf-8-sig")]
    for path in own:
        path.write_text(shipped_ini().replace("Dram_read_latency=500", "Dram_read_latency=5000"), path.stem)
    assert in_system(U65, own[0]).key == in_system(U65, own[1]).key


OWN = """[System_Config.Own]
core_clock=500e6
axi0_port=Sram
axi1_port=OffChipFlash
Sram_clock_scale=1.0
Sram_burst_length=32
OffChipFlash_clock_scale=0.125
OffChipFlash_write_latency=0
[Memory_Mode.Own]
const_mem_area=Axi1
arena_mem_area=Axi0
cache_mem_area=Axi0
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (OWN, "", r"no section System_Config.Own in .*own.ini; allowed: none"),
        ("500e6", "50%", r"own.ini: \[System_Config.Own\] core_clock is '50%'; allowed: numbers above 0"),
        ("scale=1.0", "scale=nan", r"\[System_Config.Own\] Sram_clock_scale is 'nan'; allowed: numbers above 0"),
        ("scale=1.0", "scale=0", "Sram_clock_scale is '0'; allowed: numbers above 0"),
        ("scale=1.0", "scale=-1", "Sram_clock_scale is '-1'; allowed: numbers above 0"),
        ("scale=1.0", "scale=inf", "Sram_clock_scale is 'inf'; allowed: numbers above 0"),
        ("scale=1.0", "scale=fast", "Sram_clock_scale is 'fast'; allowed: numbers above 0"),
        ("length=32", "length=0", "Sram_burst_length is '0'; allowed: whole numbers from 1"),
        ("latency=0", "latency=-1", "OffChipFlash_write_latency is '-1'; allowed: whole numbers from 0"),
        ("latency=0", "latency=1e3", "OffChipFlash_write_latency is '1e3'; allowed: whole numbers from 0"),
        (OWN, OWN + "arena_cache_size=none\n", r"\[Memory_Mode.Own\] arena_cache_size is 'none'; allowed: numbers"),
        (OWN, OWN + "[architecture]\nmacs=32\n", "section 'architecture'; allowed: System_Config.NAME and Memory_Mode"),
        (OWN, OWN + "[DEFAULT]\nmacs=32\n", "section 'DEFAULT'; allowed: System_Config.NAME and Memory_Mode"),
        (
            "axi0_port",
            "axi0_prot",
            r"own.ini: \[System_Config.Own\] has 'axi0_prot'; allowed: inherit, core_clock, axi0",
        ),
        (
            "Sram_clock_scale",
            "sram_clock_scale",
            r"\[System_Config.Own\] has 'sram_clock_scale'; allowed: .*Sram_clock",
        ),
        ("core_clock", "core_clok", r"\[System_Config.Own\] has 'core_clok'; allowed: inherit, core_clock"),
        ("cache_mem", "axi0_port=Sram\ncache_mem", r"\[Memory_Mode.Own\] has 'axi0_port'; allowed: .*cache_mem_area"),
        (OWN, OWN + "  [architecture]\n  macs=32\n", "cache_mem_area is .*; allowed: values of one line"),
    ],
)
def test_what_a_file_of_one_s_own_may_not_say_is_named_before_anything_is_compiled(tmp_path, old, new, words):
    ini = tmp_path / "own.ini"
    ini.write_text(OWN)
    in_system(U55, ini, "Own", "Own")
    ini.write_text(OWN.replace(old, new, 1))
    with pytest.raises(HardwareInputError, match=words) as error:
        in_system(U55, ini, "Own", "Own")
    assert "\n" not in str(error.value)


def test_a_misspelt_key_is_refused_in_a_section_that_is_inherited_from_and_left_alone_in_one_that_is_not_used(tmp_path):
    ini = tmp_path / "own.ini"
    heir = "[System_Config.Heir]\ninherit=System_Config.Own\ncore_clock=250e6\n"
    ini.write_text(OWN + heir + "[System_Config.Other]\naxi0_prot=Sram\n")
    in_system(U55, ini, "Heir", "Own")
    ini.write_text(OWN.replace("axi0_port", "axi0_prot") + heir)
    with pytest.raises(HardwareInputError, match=r"\[System_Config.Own\] has 'axi0_prot'"):
        in_system(U55, ini, "Heir", "Own")


def test_every_key_that_vela_s_own_code_reads_is_allowed():
    calls = [
        node for node in ast.walk(ast.parse(inspect.getsource(architecture_features))) if isinstance(node, ast.Call)
    ]
    reads = [call.args[1] for call in calls if ast.unparse(call.func) == "self._read_config"]
    texts = {node.value for read in reads for node in ast.walk(read) if isinstance(node, ast.Constant)}
    memories = [each.name for each in (MemArea.Sram, MemArea.Dram, MemArea.OnChipFlash, MemArea.OffChipFlash)]
    keys = {memory + text for text in texts for memory in (memories if text.startswith("_") else [""])}
    assert {"core_clock", "Sram_clock_scale", "OnChipFlash_read_latency", "arena_cache_size"} <= keys
    assert keys <= {*allowed_keys("System_Config"), *allowed_keys("Memory_Mode")}


def test_vela_s_own_file_is_one_that_a_user_may_give_and_comments_mean_nothing(tmp_path):
    ini = tmp_path / "own.ini"
    ini.write_text("# ours\n" + shipped_ini().replace("core_clock=500e6", "core_clock : 500e6  ; Hz"))
    assert compile_blocks(SMALL, in_system(U55, ini)) == compile_blocks(SMALL, U55)


def test_weights_that_are_in_sram_for_good_are_not_sram_in_use_whatever_the_mode_is_called(tmp_path):
    for accelerator in ETHOS_U.values():  # Dedicated_Sram has weights and arena on one port too, which is no SRAM
        assert constants_in_sram(accelerator) == (accelerator.memory_mode == "Sram_Only")
    ini = tmp_path / "own.ini"
    ini.write_text(
        shipped_ini()
        + "[Memory_Mode.Mine]\ninherit=Memory_Mode.Sram_Only\n"
        + "[System_Config.Swapped]\ninherit=System_Config.Ethos_U55_High_End_Embedded\naxi0_port=OffChipFlash\n"
        + "axi1_port=Sram\n[Memory_Mode.Swapped]\nconst_mem_area=Axi1\narena_mem_area=Axi1\ncache_mem_area=Axi1\n"
    )
    found = compile_blocks(SMALL, ETHOS_U["ethos-u55-256-sram-only"])
    assert compile_blocks(SMALL, in_system(U55, ini, memory_mode="Mine")) == found
    swapped = compile_blocks(SMALL, in_system(U55, ini, "Swapped", "Swapped"))
    assert swapped.peak_activation_bytes == found.peak_activation_bytes
    with pytest.raises(HardwareInputError, match="Sram_Only puts arena_mem_area into Off"):
        in_system(U55, ini, "Swapped", "Sram_Only")


@pytest.mark.filterwarnings("ignore::DeprecationWarning:ethosu")
@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("ethos-u55-256", {"memory_mode": "Dedicated_Sram"}, "Dedicated_Sram puts arena_mem_area into OffChipFlash"),
        ("ethos-u65-256", {"system_config": "Ethos_U65_Embedded"}, "arena_mem_area into OffChipFlash of Ethos_U65_Emb"),
        ("ethos-u85-256", {"system_config": "Ethos_U85_SYS_Flash_High"}, "OffChipFlash of .*; allowed: Sram, Dram"),
    ],
)
def test_what_vela_s_command_line_refuses_of_memories_is_refused_here(monkeypatch, name, given, message):
    with pytest.raises(HardwareInputError, match=message):
        in_system(ETHOS_U[name], **given)
    monkeypatch.setattr("hw_model.vela.system._MEMORIES", {})
    with pytest.raises(ConfigOptionError, match="arena_mem_area"):
        measure_with_command_line(write_tflite(SMALL), in_system(ETHOS_U[name], **given))
