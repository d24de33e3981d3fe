"""`accelnas cost`: what a network in a JSON or .tflite file costs on accelerators, part by part and in total."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import tyro

from benchmarks.report.cost_tables import (
    as_json,
    dearest,
    fastest,
    file_as_json,
    file_remarks,
    file_table,
    prediction_table,
    remarks,
)
from hw_model.boards import Board, get_board, memory_warnings
from hw_model.errors import HardwareInputError
from hw_model.file_format import read_tflite
from hw_model.network_file import Network, find_network, load_network

if TYPE_CHECKING:
    from hw_model.predict import Prediction
    from hw_model.vela.accelerators import EthosU

_DEFAULT_ACCELERATORS = ("ethos-u55-256", "npu-p32")
_ARENA = ("arena_kib", "memory_mode", "vela_ini")
"""Options that say otherwise how much SRAM the compiler plans with than a board does."""
_RANGE = (("sparse", "0.8"), ("uniform",))
"""Assumptions of weights that the compiler stores in little, and in as much as there is."""


class _Asked(NamedTuple):
    """What the command was given besides the network."""

    accelerators: tuple[str, ...]
    compile: bool
    system: dict[str, Any]
    weights: tuple[str, ...]
    board: Board | None
    json: bool

    def needs_compiler(self) -> str:
        """The first option given that is for what is compiled alone, empty where there is none."""
        given = [name for name, value in {**self.system, "weights": self.weights or None}.items() if value is not None]
        return f"--{given[0].replace('_', '-')}" if given else ""

    @property
    def board_clock(self) -> bool:
        """Whether the clock is the board's: there is one, and no option says another."""
        others = ("clock_mhz", "vela_ini", "system_config")
        return self.board is not None and all(self.system[name] is None for name in others)

    @property
    def board_line(self) -> str:
        """What of the figures is the board's; empty without one."""
        if self.board is None:
            return ""
        theirs = "clock and memory are those" if self.board_clock else "memory is that"
        return f"Board: {self.board.title}; its {theirs} of {self.board.source}."


def cost(
    network: tyro.conf.Positional[Path],
    accelerator: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = (),
    compile: bool = False,
    json: bool = False,
    board: str | None = None,
    weights: tuple[str, ...] = (),
    vela_ini: Path | None = None,
    system_config: str | None = None,
    memory_mode: str | None = None,
    clock_mhz: float | None = None,
    arena_kib: int | None = None,
) -> None:
    """Print latency, SRAM in use, parameter memory, traffic behind the SRAM, energy and MACs of a network.

    Args:
        network: JSON file of a network (hw_model/network_file.py says how to write one), the name of one that ships
            with the package, such as mobilenet_v2_050, or an int8 .tflite file. A .tflite file is compiled as it is
            with --compile, and where estimators do not know its operators.
        accelerator: A name that `accelnas list` prints: ethos-u55-32, -64, -128 or -256, ethos-u65-256 or
            -512, ethos-u85-128, -256, -512, -1024 or -2048, each with -sram-only too, npu-p16, npu-p32, npu-p64
            or this-device; repeat the option for several. ethos-u55-256 and npu-p32 if left out.
        compile: Compile with the vendor's compiler instead of estimating (Ethos-U only).
        json: Print JSON instead of tables.
        board: imx93, alif-e7-hp, alif-e7-he, alif-e8-hp, alif-e8-he, alif-e8-u85, alif-e1c, alif-b1, numaker-m55m1,
            ek-ra8p1, sr110 or grove-vision-ai-v2, instead of an accelerator: its own at its clock, and a warning where
            the network does not fit into its memory.
        weights: With --compile, what is assumed of the weights' values, which the compiler compresses: FILE (.npy,
            .npz or .tflite, for the distribution in it), ratio R (stored in R of their bytes), sparse P (that share
            zero), uniform, or range (figures for the extremes besides).
        vela_ini: File of system configurations and memory modes, Vela's own if left out; as the four options below for
            what is compiled.
        system_config: Section of it, such as Ethos_U55_Deep_Embedded; Vela's default for the accelerator if left out.
        memory_mode: Likewise, such as Sram_Only.
        clock_mhz: Of the accelerator's core, its memories' clocks scaled with it.
        arena_kib: SRAM that the compiler may plan with.
    """
    system = {
        "vela_ini": vela_ini,
        "system_config": system_config,
        "memory_mode": memory_mode,
        "clock_mhz": clock_mhz,
        "arena_kib": arena_kib,
    }
    carried = None if board is None else get_board(board)
    if carried and accelerator:
        raise HardwareInputError(f"--board {board} and --accelerator are given; allowed: one of them")
    asked = _Asked((carried.accelerator,) if carried else accelerator, compile, system, weights, carried, json)
    path = find_network(network)
    content = read_tflite(path)
    if content is not None:
        _cost_of_file(path.name, content, asked)
        return
    if (option := asked.needs_compiler()) and not compile:
        raise HardwareInputError(f"{option} is for what is compiled; allowed: with --compile")
    _cost_of_blocks(load_network(path), asked)


def _cost_of_blocks(network: Network, asked: _Asked, said: str = "") -> None:
    """Estimate or compile blocks and print; said: a line before the remarks."""
    from hw_model.predict import at_clock, predict  # jax takes seconds, which `accelnas --help` need not pay

    ranges: list[list[Prediction]] = []
    if asked.compile:
        as_drawn, targets = asked.weights == ("range",), _targets(asked)
        predictions = [_compiled(network, each, () if as_drawn else asked.weights) for each in targets]
        ranges = [[_compiled(network, each, words) for words in _RANGE] for each in targets] if as_drawn else []
    else:
        predictions = [predict(network.blocks, name) for name in asked.accelerators or _DEFAULT_ACCELERATORS]
        targets = []
        if asked.board:
            predictions = [at_clock(each, asked.board.clock_mhz) for each in predictions]
            targets = _named(asked)
    # estimates without a board have no memory to exceed
    over = [_exceeded(asked, *each) for each in zip(predictions, targets, strict=True)] if targets else []
    if asked.json:
        content = as_json(network, predictions)
        for result, found in zip(content["results"], ranges, strict=False):
            result["weight_range"] = [_end_as_json(each) for each in found]
        _print_json(content, asked.board, over)
        return
    from benchmarks.runtime.console import plain_console

    console = plain_console()
    for place, prediction in enumerate(predictions):
        console.print(*prediction_table(network, prediction, console.width), sep="\n")
        between = [_range_line(each) for each in ranges[place : place + 1]]
        exceeded = over[place] if over else []
        lines = [said, *remarks(prediction), *between, *exceeded, asked.board_line]
        parts = [(f"Block {part.kind}", part.latency_ms) for part in prediction.blocks]
        console.print("\n".join(filter(None, [*lines, dearest(parts, prediction.cost.latency_ms)])))
    if len(predictions) > 1:
        console.print(fastest([(each.accelerator, each.cost.latency_ms) for each in predictions]))


def _exceeded(asked: _Asked, prediction: Prediction, target: EthosU) -> list[str]:
    stored = prediction.cost.param_bytes * (prediction.weight_compression or 1)
    return _memory_lines(asked, prediction.cost.peak_activation_bytes, stored, target)


def _memory_lines(asked: _Asked, peak_bytes: float, stored_bytes: float, target: EthosU) -> list[str]:
    """What exceeds the board's memory, or what the compiler was told to plan with."""
    lines = memory_warnings(asked.board, peak_bytes, stored_bytes, target) if asked.board else []
    arena = asked.system["arena_kib"]
    if arena is not None and peak_bytes > arena * 1024:
        lines.append(
            f"Warning: {peak_bytes / 1024:.0f} KiB of SRAM in use; the compiler could not do with {arena} KiB."
        )
    return lines


def _print_json(content: dict[str, Any], board: Board | None, warnings: list[list[str]]) -> None:
    """warnings: of each result, what exceeds the board's memory."""
    if board:
        for result, lines in zip(content["results"], warnings, strict=True):
            result["board"] = {"title": board.title, "source": board.source, "warnings": lines}
    print(json_module.dumps(content, indent=2))


def _compiled(network: Network, target: EthosU, weights: tuple[str, ...]) -> Prediction:
    """The network of a JSON file compiled, or the entry of the file for which the compiler refuses it."""
    from hw_model.predict import compiled
    from hw_model.vela.refusals import RefusedBlockError

    try:
        return compiled(network.blocks, target, weights)
    except RefusedBlockError as error:
        raise RefusedBlockError(network.entries[error.position], error.kind, error.reason) from error


def _range_line(ends: list[Prediction]) -> str:
    """Empty for a network without weights."""
    if ends[0].weight_compression is None:
        return ""
    weights = [
        f"{each.cost.latency_ms:.4g} ms ({each.weights}: {100 * (each.weight_compression or 0):.0f}%)" for each in ends
    ]
    return f"By what the weights may be: {weights[0]} to {weights[1]}."


def _end_as_json(end: Prediction) -> dict[str, Any]:
    return {
        "weights": end.weights,
        "weight_compression": end.weight_compression,
        "latency_ms": end.cost.latency_ms,
    }


def _targets(asked: _Asked) -> list[EthosU]:
    """What to compile for, ethos-u55-256 where nothing is named."""
    from hw_model.vela.system import in_system

    found, system = _named(asked), dict(asked.system)
    if asked.board and asked.board_clock:
        system["clock_mhz"] = asked.board.clock_mhz
    sram_kib = asked.board.sram_kib if asked.board and all(system[name] is None for name in _ARENA) else None
    if sram_kib and sram_kib * 1024 < found[0].arena_cache_bytes:
        # else it would plan as if there were no end of SRAM, and say that a network does not fit which can be made to
        system["arena_kib"] = sram_kib
    if all(value is None for value in system.values()):
        return found
    ini, *others = system.values()
    return [in_system(each, ini, *others) for each in found]


def _named(asked: _Asked) -> list[EthosU]:
    """The accelerators as Vela has them by default."""
    from hw_model.vela.accelerators import ETHOS_U

    for name in asked.accelerators:
        if name not in ETHOS_U:
            raise HardwareInputError(f"no compiler for {name}; allowed with compile: {', '.join(ETHOS_U)}")
    return [ETHOS_U[name] for name in asked.accelerators or ("ethos-u55-256",)]


def _cost_of_file(name: str, content: bytes, asked: _Asked) -> None:
    """Estimate a .tflite file, or compile it where that is asked for or its operators are not known."""
    from hw_model.vela.accelerators import ETHOS_U
    from hw_model.vela.tflite_file import compile_tflite
    from hw_model.vela.tflite_reader import UnknownOperatorsError, read_blocks

    if asked.weights:
        raise HardwareInputError("--weights is for networks in JSON; a .tflite file has weights of its own")
    said = ""
    if not asked.compile and not asked.needs_compiler():
        try:
            blocks = read_blocks(content)
            _cost_of_blocks(Network(name, blocks), asked, "Estimated from the file's operators, its weights apart.")
            return
        except UnknownOperatorsError as error:
            if any(each not in ETHOS_U for each in asked.accelerators):
                raise
            said = f"Compiled, since {error}."
    targets = _targets(asked)
    found = [compile_tflite(content, each) for each in targets]
    over = [
        _memory_lines(asked, each.peak_activation_bytes, each.compressed_weight_bytes, target)
        for each, target in zip(found, targets, strict=True)
    ]
    if asked.json:
        _print_json(file_as_json(name, found), asked.board, over)
        return
    from benchmarks.runtime.console import plain_console

    console = plain_console()
    for each, exceeded in zip(found, over, strict=True):
        console.print(*file_table(name, each, console.width), sep="\n")
        lines = [said, *file_remarks(each), *exceeded, asked.board_line]
        parts = [(f"Operator {part.operator}", part.latency_ms) for part in each.operators]
        console.print("\n".join(filter(None, [*lines, dearest(parts, each.latency_ms)])))
    if len(found) > 1:
        console.print(fastest([(each.accelerator, each.latency_ms) for each in found]))
