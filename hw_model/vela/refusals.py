"""Networks that are compiled whole, or the block for which the compiler refuses them.

The compiler throws for some operators and leaves others to the host CPU with a remark; in either case it names neither
the block nor its place, so the block is found by compiling each by itself.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from ethosu import regor

from hw_model.blocks import Block, GraphBlock
from hw_model.errors import HardwareInputError
from hw_model.vela.accelerators import EthosU
from hw_model.vela.core import compile_model
from hw_model.vela.tflite_writer import write_tflite

_REMARK = re.compile(r"operator: (\w+),.*\nReason: (.+)((?:\n.+)*)")
"""Operator, reason, and in the lines that follow what is allowed."""
_PLAIN = Block("conv", 8, 8, 8, 8)
"""Compiles for every accelerator."""


class RefusedBlockError(HardwareInputError):
    """A block that an accelerator cannot be compiled for, or does not run itself."""

    def __init__(self, position: int, kind: str, reason: str) -> None:
        super().__init__(position, kind, reason)
        self.position = position
        """In the network, from 0."""
        self.kind = kind
        """As in Block."""
        self.reason = reason
        """What is refused, and why where the compiler says so."""

    def __str__(self) -> str:
        return f"block {self.position} ({self.kind}): {self.reason}"


def compile_network(
    blocks: Sequence[Block], accelerator: EthosU, steps: np.ndarray, *, operator_table: bool
) -> regor.CompiledTFLiteModel:
    """Compile a network of blocks.

    steps: int8[256], what weights are drawn from.  Raises RefusedBlockError for the first block that the compiler
    refuses or leaves to the host CPU, HardwareInputError where no block is to blame by itself, and for blocks that are
    not allowed.
    """
    found = _compiled(blocks, accelerator, steps, operator_table=operator_table)
    if not isinstance(found, str):
        return found
    for position, block in enumerate([_PLAIN, *blocks], start=-1):
        alone = replace(block, takes=(), adds=None) if isinstance(block, GraphBlock) else block
        reason = _compiled([alone], accelerator, steps)
        if isinstance(reason, str):
            if position < 0:  # no network can be compiled for this system
                break
            raise RefusedBlockError(position, block.kind, reason)
    raise HardwareInputError(found)


def _compiled(
    blocks: Sequence[Block], accelerator: EthosU, steps: np.ndarray, *, operator_table: bool = False
) -> regor.CompiledTFLiteModel | str:
    """What it is compiled to, or why it is not."""
    model = write_tflite(blocks, steps)
    try:
        compiled, printed = compile_model(model, accelerator, operator_table=operator_table)
    except HardwareInputError as error:
        return str(error)
    if not compiled.perf_report.cpuOps:
        sys.stderr.write(printed)
        return compiled
    remark = _REMARK.search(printed)
    if remark is None:
        return f"{accelerator.name} leaves {compiled.perf_report.cpuOps} operators to the host CPU"
    operator, reason, allowed = (" ".join(part.split()) for part in remark.groups())
    return f"{accelerator.name} leaves {operator} to the host CPU: {reason}" + (f"; allowed: {allowed}" * bool(allowed))
