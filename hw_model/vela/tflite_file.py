"""What somebody's own .tflite file costs on an Ethos-U: compiled as it is, with its own weights.

The compiler gets the file's bytes and the settings of `hw_model.vela.core`, so figures are those of Vela's command
line for that file.  It runs in a process of its own, since it ends its process on a file that is damaged, and says
line by line what it leaves to the host CPU.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from hw_model.cost import energy_mj
from hw_model.errors import HardwareInputError
from hw_model.vela.accelerators import EthosU
from hw_model.vela.compiler import operator_rows, report_memories
from hw_model.vela.core import compile_model
from hw_model.vela.tflite_reader import constant_weights

_ON_CPU = "Passthrough"


@dataclass(frozen=True)
class FileOperator:
    """One operator of a file."""

    operator: str
    """The compiler's name of its type, such as "Conv2D"."""
    output_height: int
    """Pixels."""
    output_width: int
    """Pixels."""
    output_channels: int
    """Channels."""
    on_cpu: bool
    """The compiler leaves it to the host, whose time nothing here counts."""
    latency_ms: float
    """Milliseconds."""
    sram_bytes: int
    """SRAM in use while it runs."""
    off_chip_bytes: int
    """Read from and written to DRAM and flash behind the SRAM."""
    macs: int
    """As the compiler counts them."""


@dataclass(frozen=True)
class FileCost:
    """A file's cost on an accelerator, as compiled."""

    accelerator: str
    """Its name."""
    latency_ms: float
    """Milliseconds on the accelerator; the host's own operators apart."""
    peak_activation_bytes: int
    """Largest SRAM use at any moment, as scheduled, weights that live there for good apart."""
    weight_bytes: int
    """Of the constant weights of the file's convolutions, dense and recurrent layers."""
    compressed_weight_bytes: int
    """All that the compiler stores, kernels that it makes up for means and pools among them."""
    weight_compression: float | None
    """Bytes of the file's own weights as the compiler stores them / as the file has them; None where it stores
    none."""
    off_chip_bytes: int
    """Of one inference."""
    energy_mj: float
    """As in hw_model.cost.Cost, of those MACs."""
    macs: int
    """As the compiler counts them: pools, means and joins included, resizing on some accelerators, so it is more than
    `hw_model.cost.count_macs` of the same network, and not the same on all."""
    operators: tuple[FileOperator, ...]
    """In the file's order."""

    @property
    def on_cpu(self) -> Mapping[str, int]:
        """How many operators of each type stay on the host CPU."""
        return Counter(operator.operator for operator in self.operators if operator.on_cpu)


def compile_tflite(content: bytes, accelerator: EthosU) -> FileCost:
    """What the compiler makes of a .tflite file's bytes; operators that it leaves to the host are in the answer.

    The compiler runs in a process of its own, so that a script that calls this needs `if __name__ == "__main__":`.
    Raises HardwareInputError for bytes that the compiler cannot read or compile, and where it cannot start.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            pool.submit(os.getpid).result()
        except BrokenProcessPool as error:
            raise HardwareInputError(
                "the compiler's process cannot start; allowed: a script whose calls stand below "
                'if __name__ == "__main__":'
            ) from error
        try:
            return pool.submit(_compiled, content, accelerator).result()
        except BrokenProcessPool as error:
            raise HardwareInputError(
                "the .tflite file is damaged: the compiler cannot read it, or ran out of memory"
            ) from error


def _compiled(content: bytes, accelerator: EthosU) -> FileCost:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # where the compiler writes when it ends the process
    compiled, _ = compile_model(
        content, accelerator, operator_table=True
    )  # the answer itself says what stays on the host
    report = compiled.perf_report
    tables = compiled.opt_database.tables
    rows = operator_rows(tables)
    left = {row.source for row in rows if row.operator == _ON_CPU}
    source = tables["source"]
    columns = [source.header.index(name) for name in ("id", "operator", "ofm_h", "ofm_w", "ofm_d", "ext_key")]
    weights = constant_weights(content)
    stored: dict[int, int] = {}
    operators = []
    for entry in source.data:
        number, name, height, width, channels, place = (entry[column] for column in columns)
        own = [row for row in rows if row.source == int(number)]
        if int(place) in weights and (encoded := sum(row.weight_bytes for row in own)):
            stored[int(place)] = encoded
        operators.append(
            FileOperator(
                name,
                int(height),
                int(width),
                int(channels),
                on_cpu=int(number) in left,
                latency_ms=sum(row.cycles for row in own) / accelerator.clock_hz * 1e3,
                sram_bytes=max((row.sram_bytes for row in own), default=0),
                off_chip_bytes=sum(row.off_chip_bytes for row in own),
                macs=sum(row.macs for row in own),
            )
        )
    memories = report_memories(report, accelerator)
    return FileCost(
        accelerator.name,
        latency_ms=report.totalCycles / accelerator.clock_hz * 1e3,
        peak_activation_bytes=memories.peak_sram_bytes,
        weight_bytes=sum(weights.values()),
        compressed_weight_bytes=report.encodedWeights,
        weight_compression=sum(stored.values()) / sum(weights[place] for place in stored) if stored else None,
        off_chip_bytes=memories.dram_bytes + memories.flash_bytes,
        energy_mj=float(energy_mj(report.macCount, memories.sram_bytes, memories.dram_bytes + memories.flash_bytes)),
        macs=report.macCount,
        operators=tuple(operators),
    )
