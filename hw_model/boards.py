"""Boards that carry an Ethos-U, as far as public documents tell: what it is clocked at and how much memory it has.

Each figure is of the source named beside it; nothing here was measured by us.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hw_model.errors import HardwareInputError
from hw_model.vela.accelerators import EthosU
from hw_model.vela.system import activations_in_sram, constants_in_sram


@dataclass(frozen=True)
class Board:
    """A board or its chip."""

    title: str
    """For people."""
    accelerator: str
    """A name in hw_model.vela.accelerators.ETHOS_U."""
    clock_mhz: float
    """Of the accelerator's core."""
    sram_kib: int | None
    """On-chip SRAM that activations may take, the largest piece in a row; None where no source says."""
    flash_kib: int | None
    """On-chip memory that keeps weights; None where they come from a memory behind the chip."""
    source: str
    """Of these figures."""


_KIT = "alifsemi/alif_ml-embedded-evaluation-kit b1b93fc (2025-10-24)"
_E7 = f"{_KIT}: scripts/vela/ensemble_vela.ini, AE722F80F55D5 scatter files; MACs: Alif Ensemble reference manual, 2.4"
_E8 = f"{_KIT}: scripts/vela/ensemble_vela.ini, AE822FA0E5597 scatter files; MACs: Alif Ensemble reference manual, 2.4"

BOARDS: Mapping[str, Board] = MappingProxyType(
    {
        "imx93": Board(
            *("NXP i.MX 93", "ethos-u65-256", 1000, 384, None),
            "nxp-imx/ethos-u-vela lf-6.6.3-1.0.0 (a6f6566): its default architecture and arena",
        ),
        "alif-e7-hp": Board("Alif Ensemble E7, high performance", "ethos-u55-256", 400, 4096, 5632, _E7),
        "alif-e7-he": Board("Alif Ensemble E7, high efficiency", "ethos-u55-128", 160, 4096, 5632, _E7),
        "alif-e8-hp": Board("Alif Ensemble E8, high performance", "ethos-u55-256", 400, 7168, 5632, _E8),
        "alif-e8-he": Board("Alif Ensemble E8, high efficiency", "ethos-u55-128", 160, 7168, 5632, _E8),
        "alif-e8-u85": Board(
            "Alif Ensemble E8, Ethos-U85", "ethos-u85-256", 400, 7168, 5632, f"{_KIT}: as for alif-e8-hp"
        ),
        "alif-e1c": Board(
            *("Alif Ensemble E1C", "ethos-u55-128", 160, 1536, 1945),
            "zephyrproject-rtos/zephyr 4d0b43f: dts/arm/alif/ensemble/ae1c1f4051920ph0.dtsi; MACs as for alif-e7-he",
        ),
        "alif-b1": Board(
            *("Alif Balletto B1", "ethos-u55-128", 160, 1536, 1800),
            "zephyrproject-rtos/zephyr 07dd02e, 53af652: dts/arm/alif/balletto; MACs as for alif-e7-he",
        ),
        "numaker-m55m1": Board(
            *("Nuvoton NuMaker-M55M1", "ethos-u55-256", 220, 1344, 2048),
            "Zephyr 4.2 board documentation; MACs from 111 GOPS at 220 MHz, CNX Software, 2025-11-17",
        ),
        "ek-ra8p1": Board(
            *("Renesas EK-RA8P1", "ethos-u55-256", 500, 1664, 1024),
            "zephyrproject-rtos/zephyr 0a04bc0: boards/renesas/ek_ra8p1; MACs and clock from Renesas's 256 GOPS",
        ),
        "sr110": Board(
            *("Synaptics Astra SR110", "ethos-u55-128", 400, 3072, None),
            "integrated-circuit.com on Embedded World, 2025-03-18: 400 MHz, 3 MB, and MACs from up to 100 GOPS",
        ),
        "grove-vision-ai-v2": Board(
            *("Seeed Grove Vision AI V2 (Himax WiseEye2)", "ethos-u55-64", 400, None, None),
            "Seeed Studio wiki: Vela's configuration for it; the core's 400 MHz as read back by a ThreadX port for it",
        ),
    }
)


def get_board(name: str) -> Board:
    """The board of that name; HardwareInputError lists the names there are."""
    if name not in BOARDS:
        raise HardwareInputError(f"unknown board {name[:40]!r}; allowed: {', '.join(BOARDS)}")
    return BOARDS[name]


def memory_warnings(board: Board, peak_sram_bytes: float, weight_bytes: float, target: EthosU) -> list[str]:
    """What of a network does not fit on the board, in lines; weight_bytes: as stored.

    target: what it was counted for, whose memory mode says what lies in SRAM.  Where weights come from behind the chip
    the compiler plans within the SRAM, and moves the rest.
    """
    lines = []
    # a memory mode without it would plan as if there were no end of SRAM
    arena = "" if board.sram_kib is None else f" --arena-kib {board.sram_kib}"
    if constants_in_sram(target):
        peak_sram_bytes, weight_bytes = peak_sram_bytes + weight_bytes, 0.0
    if board.flash_kib is not None and not activations_in_sram(target):
        lines.append(
            f"Warning: activations are counted in a memory behind the chip, and no source says that {board.title} has "
            f"one; --compile --memory-mode Shared_Sram{arena} keeps them in its SRAM."
        )
    if board.sram_kib is None:
        lines.append(f"No source says how much SRAM {board.title} has: {peak_sram_bytes / 1024:.0f} KiB are needed.")
    elif peak_sram_bytes > board.sram_kib * 1024:
        planned = target.arena_cache_bytes <= board.sram_kib * 1024
        way_out = "" if planned else f" as it is counted; --compile{arena} plans within that"
        lines.append(
            f"Warning: {peak_sram_bytes / 1024:.0f} KiB of SRAM in use; {board.title} has {board.sram_kib} KiB, so "
            f"this network does not run there{way_out}."
        )
    if board.flash_kib is not None and weight_bytes > board.flash_kib * 1024:
        lines.append(
            f"Warning: {weight_bytes / 1024:.0f} KiB of weights; {board.title} keeps {board.flash_kib} KiB on the "
            "chip, so they would come from a slower memory than these figures assume."
        )
    return lines
