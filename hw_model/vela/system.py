"""An Ethos-U in a system of one's own: other clock, memories or memory mode than Vela's default for its family."""

from __future__ import annotations

import configparser
import functools
import importlib.resources
import re
from dataclasses import replace
from pathlib import Path

from hw_model.errors import HardwareInputError, short
from hw_model.vela.accelerators import ADDRESS_SPACE, EthosU

LARGEST_CLOCK_MHZ = 10_000
_SECTIONS = re.compile(r"(System_Config|Memory_Mode)\.[^][]+")
"""Any other section would override what the compiler is told of the accelerator itself."""
_AMOUNTS = ("core_clock", "arena_cache_size", "_clock_scale")
_COUNTS = {
    "_ports_used": 1,
    "_burst_length": 1,
    "_read_latency": 0,
    "_write_latency": 0,
    "_max_reads": 0,
    "_max_writes": 0,
}
"""How keys end whose values are whole numbers, and the least of each; the compiler takes what it cannot read for 0."""
_LARGEST_COUNT = 2**31 - 1
_MEMORIES = {
    "const_mem_area": ("Dram", "OnChipFlash", "OffChipFlash"),
    "arena_mem_area": ("Sram", "Dram"),
    "cache_mem_area": ("Sram",),
}
"""What Vela's command line allows a memory mode to put its areas into; the compiler itself takes whatever it gets."""


def shipped_ini() -> str:
    """Vela's own file of system configurations and memory modes."""
    return importlib.resources.files("ethosu").joinpath("config_files/Arm/vela.ini").read_text()


def in_system(
    accelerator: EthosU,
    ini: Path | None = None,
    system_config: str | None = None,
    memory_mode: str | None = None,
    clock_mhz: float | None = None,
    arena_kib: int | None = None,
) -> EthosU:
    """The accelerator with what is given in place of Vela's defaults.

    ini: a file in the form of Vela's vela.ini, which is taken if there is none.  system_config, memory_mode: names of
    sections of it, without "System_Config." and "Memory_Mode.".  clock_mhz: in place of the system's core_clock; its
    memories' clocks are scaled with it, so cycles stay.  arena_kib: SRAM that the compiler may plan with, in place of
    the mode's arena_cache_size.  Raises HardwareInputError, naming the file, for what cannot be used.
    """
    if ini is None:
        text, sections = "", _parsed(shipped_ini(), "vela.ini")
    else:
        sections = _parsed(_read(ini), str(ini))
        text = _checked(sections, str(ini))
    system = system_config or accelerator.system_config
    mode = memory_mode or accelerator.memory_mode
    for used in (f"System_Config.{system}", f"Memory_Mode.{mode}"):
        _check_keys(sections, used, ini)
    _check_memories(sections, system, mode, ini)
    clock = _number(_field(sections, f"System_Config.{system}", "core_clock", ini), f"core_clock of {system}")
    arena = _field(sections, f"Memory_Mode.{mode}", "arena_cache_size", ini)
    limit = ADDRESS_SPACE[accelerator.config.split("-")[1]]
    arena_bytes = limit if arena is None else int(_number(arena, f"arena_cache_size of {mode}"))
    if clock_mhz is not None:
        if not 0 < clock_mhz <= LARGEST_CLOCK_MHZ:
            raise HardwareInputError(f"clock is {clock_mhz:g} MHz; allowed: above 0, at most {LARGEST_CLOCK_MHZ}")
        clock = clock_mhz * 1e6
    if arena_kib is not None:
        if not 1 <= arena_kib <= limit >> 10:
            raise HardwareInputError(f"arena is {arena_kib} KiB; allowed: 1 to {limit >> 10}")
        arena_bytes = arena_kib << 10
    if not 0 < arena_bytes <= limit:
        raise HardwareInputError(f"arena_cache_size of {mode} is {arena_bytes}; allowed: 1 to {limit}")
    said = [system, mode, f"{clock / 1e6:g} MHz"]
    said += [] if arena_kib is None else [f"arena {arena_kib} KiB"]
    said += [] if ini is None else [ini.name]
    return replace(
        accelerator,
        name=f"{accelerator.config} ({', '.join(said)})",
        ini=text,
        system_config=system,
        memory_mode=mode,
        clock_hz=clock,
        arena_cache_bytes=arena_bytes,
    )


def constants_in_sram(accelerator: EthosU) -> bool:
    """Whether weights lie in SRAM for good, by what its memory mode says and not by the mode's name."""
    return _memory(accelerator, "const_mem_area") == "Sram"


def activations_in_sram(accelerator: EthosU) -> bool:
    """Likewise whether activations lie there, and not behind it with the SRAM as a cache."""
    return _memory(accelerator, "arena_mem_area") == "Sram"


@functools.cache
def _memory(accelerator: EthosU, area: str) -> str | None:
    """What kind of memory its mode puts this into."""
    sections = _parsed(accelerator.ini or shipped_ini(), "vela.ini")
    port = _field(sections, f"Memory_Mode.{accelerator.memory_mode}", area, None) or ""
    return _field(sections, f"System_Config.{accelerator.system_config}", f"{port.lower()}_port", None)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise HardwareInputError(f"system configuration {path} cannot be read: {error}"[:300]) from error


class _Ini(configparser.ConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr  # the compiler tells "Sram_..." from "sram_..."


def _parsed(text: str, name: str) -> configparser.ConfigParser:
    # [DEFAULT] is a section like any other, as it is to the compiler
    sections = _Ini(inline_comment_prefixes=(";",), interpolation=None, default_section="")
    try:
        sections.read_string(text)
    except configparser.Error as error:
        raise HardwareInputError(f"system configuration {name}: {' '.join(str(error).split())[:200]}") from error
    return sections


def _checked(sections: configparser.ConfigParser, name: str) -> str:
    """The file's text as the compiler gets it, which reads comments and continued lines otherwise than we do."""
    lines = []
    for section in sections.sections():
        if not _SECTIONS.fullmatch(section):
            raise HardwareInputError(
                f"system configuration {name[-120:]}: section {short(section)}; allowed: System_Config.NAME and "
                "Memory_Mode.NAME"
            )
        lines.append(f"[{section}]")
        for key, value in sections[section].items():
            _check_value(key, value, f"system configuration {name[-80:]}: [{section[:60]}] {key[:40]}")
            lines.append(f"{key}={value}")
    return "".join(f"{line}\n" for line in lines)


def _check_value(key: str, value: str, where: str) -> None:
    least = next((least for end, least in _COUNTS.items() if key.endswith(end)), None)
    if "\n" in value:
        raise HardwareInputError(f"{where} is {short(value)}; allowed: values of one line")
    if key.endswith(_AMOUNTS):
        _number(value, where)
    elif least is not None:
        whole = value.isascii() and value.isdigit() and len(value) <= len(str(_LARGEST_COUNT))
        if not (whole and least <= int(value) <= _LARGEST_COUNT):
            raise HardwareInputError(
                f"{where} is {short(value)}; allowed: whole numbers from {least} to {_LARGEST_COUNT}"
            )


def _check_keys(sections: configparser.ConfigParser, section: str, ini: Path | None) -> None:
    """Of a section that is used and those that it inherits from: the compiler passes over what it does not know."""
    allowed = allowed_keys(section.split(".")[0])
    for each in _lineage(sections, section, ini):
        for key in sections[each]:
            if key not in allowed:
                raise HardwareInputError(
                    f"system configuration {str(ini)[-80:]}: [{each[:60]}] has {short(key)}; allowed: "
                    f"{', '.join(allowed)}"
                )


def _check_memories(sections: configparser.ConfigParser, system: str, mode: str, ini: Path | None) -> None:
    """Of the areas that the mode says: all in one memory may be the SRAM, constants among them."""
    ports = {area: _field(sections, f"Memory_Mode.{mode}", area, ini) for area in _MEMORIES}
    for area, allowed in _MEMORIES.items():
        memory = _field(sections, f"System_Config.{system}", f"{(ports[area] or '').lower()}_port", ini)
        if memory == "Sram" and len(set(ports.values())) == 1:
            continue
        if memory is not None and memory not in allowed:
            raise HardwareInputError(
                f"memory mode {mode} puts {area} into {memory} of {system}; allowed: {', '.join(allowed)}"
            )


@functools.cache
def allowed_keys(kind: str) -> tuple[str, ...]:
    """What a section of that kind, "System_Config" or "Memory_Mode", may say, by Vela's own file."""
    shipped = _parsed(shipped_ini(), "vela.ini")
    own = [key for section in shipped.sections() if section.startswith(f"{kind}.") for key in shipped[section]]
    # a memory that none of Vela's systems has, and which is said as another flash is
    other = [key.replace("OffChipFlash_", "OnChipFlash_") for key in own]
    return tuple(dict.fromkeys(["inherit", *own, *other]))


def _lineage(sections: configparser.ConfigParser, section: str, ini: Path | None) -> list[str]:
    """The section and those that it inherits from, nearest first."""
    seen: list[str] = []
    while section not in seen:
        if section not in sections:
            kind = section.split(".")[0]
            allowed = ", ".join(each.split(".", 1)[1] for each in sections.sections() if each.startswith(f"{kind}."))
            raise HardwareInputError(f"no section {section} in {ini or 'vela.ini'}; allowed: {allowed or 'none'}"[:300])
        seen.append(section)
        section = sections[section].get("inherit", section)
    return seen


def _field(sections: configparser.ConfigParser, section: str, name: str, ini: Path | None) -> str | None:
    """A value of a section or of one that it inherits from."""
    having = (each for each in _lineage(sections, section, ini) if name in sections[each])
    return next((sections[each][name] for each in having), None)


def _number(value: str | None, where: str) -> float:
    text = value or ""
    try:
        found = float(text) if text.isascii() and "_" not in text else float("nan")
    except ValueError:
        found = float("nan")
    if not 0 < found < 1e15:
        raise HardwareInputError(f"{where} is {short(value)}; allowed: numbers above 0 and below 1e15")
    return found
