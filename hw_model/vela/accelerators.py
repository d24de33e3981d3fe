"""The accelerators that can be compiled for: every Ethos-U configuration of Vela, in two memory modes each.

The memory mode decides the figures as much as the number of MAC units, so it is part of the name: the plain name
is Vela's default mode for that family, the suffix "-sram-only" puts weights and activations in SRAM alike.
"""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass
from typing import Protocol

from hw_model.errors import HardwareInputError


class Target(Protocol):
    """What the estimator and its data sets need of an accelerator: `EthosU` and `hw_model.learned.device.Device`."""

    @property
    def name(self) -> str:
        """For files and users."""
        ...

    @property
    def key(self) -> str:
        """Everything a measurement depends on, as text."""
        ...

    @property
    def macs_per_cycle(self) -> int:
        """Scale of the first guess."""
        ...

    @property
    def clock_hz(self) -> float:
        """Cycles to seconds."""
        ...

    @property
    def memory_mode(self) -> str:
        """ "Sram_Only" where parameters are not read from behind the SRAM."""
        ...

    @property
    def arena_cache_bytes(self) -> int:
        """SRAM that the compiler may plan with."""
        ...


@dataclass(frozen=True)
class EthosU:
    """One Ethos-U configuration."""

    name: str
    """For users and files."""
    config: str
    """Vela's accelerator-config."""
    macs_per_cycle: int
    """Int8 MAC units in all cores together."""
    cores: int
    """Of the NPU."""
    system_config: str
    """Section of Vela's vela.ini."""
    memory_mode: str
    """Section of Vela's vela.ini."""
    clock_hz: float
    """Core clock of that system configuration."""
    arena_cache_bytes: int
    """SRAM that Vela may plan with."""
    ini: str = ""
    """Text in place of Vela's own vela.ini, as hw_model.vela.system.in_system has it."""

    @property
    def fills_sram(self) -> bool:
        """Whether DRAM lies behind the SRAM, which is then filled: what is in use is no measure of need."""
        return self.memory_mode.startswith("Dedicated_Sram")

    @property
    def family(self) -> str:
        """Regor's name of the family, such as "EthosU55"."""
        return "".join(word.capitalize() for word in self.config.split("-")[:2])

    @property
    def key(self) -> str:
        """Everything a measurement depends on, as text."""
        fields = astuple(self)[1:-1]
        own = (hashlib.sha256(self.ini.encode()).hexdigest()[:16],) if self.ini else ()
        return "|".join(map(str, (*fields, *own)))


ADDRESS_SPACE = {"u55": 1 << 32, "u65": 1 << 40, "u85": 1 << 40}
"""Bytes that Vela plans with where a memory mode states no limit, by family."""
# family: (system configuration, default memory mode, clock, SRAM of that mode), all as Vela's own defaults
_FAMILIES = {
    "u55": ("Ethos_U55_High_End_Embedded", "Shared_Sram", 500e6, ADDRESS_SPACE["u55"]),
    "u65": ("Ethos_U65_Client_Server", "Dedicated_Sram_384KB", 1e9, 384 * 1024),
    "u85": ("Ethos_U85_SYS_DRAM_Mid", "Dedicated_Sram_384KB", 1e9, 384 * 1024),
}
_CONFIGS = {
    "u55": ((32, 1), (64, 1), (128, 1), (256, 1)),
    "u65": ((256, 1), (512, 2)),
    "u85": ((128, 1), (256, 1), (512, 1), (1024, 1), (2048, 1)),
}


def _ethos_u(family: str, macs: int, cores: int, *, sram_only: bool) -> EthosU:
    system, mode, clock, sram = _FAMILIES[family]
    config = f"ethos-{family}-{macs}"
    if sram_only:
        return EthosU(f"{config}-sram-only", config, macs, cores, system, "Sram_Only", clock, ADDRESS_SPACE[family])
    return EthosU(config, config, macs, cores, system, mode, clock, sram)


ETHOS_U: dict[str, EthosU] = {
    accelerator.name: accelerator
    for sram_only in (False, True)
    for family, configs in _CONFIGS.items()
    for macs, cores in configs
    for accelerator in [_ethos_u(family, macs, cores, sram_only=sram_only)]
}


def get_accelerator(name: str) -> EthosU:
    """The accelerator of that name; HardwareInputError lists the names there are."""
    if name not in ETHOS_U:
        raise HardwareInputError(f"unknown accelerator {name!r}; allowed: {', '.join(ETHOS_U)}")
    return ETHOS_U[name]
