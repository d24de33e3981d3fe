"""Vela on the bytes of a .tflite file: its core called in process, or its command line.

The core (about a millisecond a block) gets the settings that Vela's command line would hand it.  That entry is not
public, so the package is pinned, the totals are tested against the command line, and `measure_with_command_line` is
there if the entry ever goes.
"""

from __future__ import annotations

import contextlib
import csv
import ctypes
import functools
import io
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import IO

from ethosu import regor

from hw_model.errors import HardwareInputError
from hw_model.vela.accelerators import EthosU
from hw_model.vela.system import shipped_ini

COMPILER_VERSION = version("ethos-u-vela")
_STANDARD_OUTPUT = threading.Lock()
"""Threads that turned it away at once would leave it turned away."""


def compile_model(model: bytes, accelerator: EthosU, *, operator_table: bool) -> tuple[regor.CompiledTFLiteModel, str]:
    """Compile the bytes of a .tflite file; what comes of it, and what the compiler printed meanwhile.

    Raises HardwareInputError where the compiler refuses them.  It ends the whole process on bytes that are no such
    file: hw_model.vela.tflite_file is for those of users.
    """
    settings, options = _system_settings(accelerator), _options(accelerator, operator_table=operator_table)
    with tempfile.TemporaryFile("w+", errors="replace") as printed:
        try:
            with _standard_output_to(printed):
                compiled = regor.compile(accelerator.family, model, "TFLITE", settings, options=options)
        except MemoryError:
            raise
        except Exception as error:  # whatever its C++ threw, as which class of Python is not documented
            reason = " ".join(str(error).split())[:200]
            raise HardwareInputError(f"{accelerator.name} cannot compile this network: {reason}") from error
        printed.seek(0)
        return compiled, printed.read()


@contextlib.contextmanager
def _standard_output_to(file: IO[str]) -> Iterator[None]:
    """What C++ code writes to the standard output meanwhile goes there: the output is for what was asked for."""
    with _STANDARD_OUTPUT:
        sys.stdout.flush()
        ours = os.dup(1)
        try:
            os.dup2(file.fileno(), 1)
            yield
        finally:
            ctypes.CDLL(None).fflush(None)
            os.dup2(ours, 1)
            os.close(ours)


def measure_with_command_line(model: bytes, accelerator: EthosU) -> dict[str, float]:
    """The summary that Vela's public command line writes for a .tflite file's bytes: its columns that are numbers."""
    from ethosu.vela import vela  # slow to import, and needed only here

    with tempfile.TemporaryDirectory() as directory, contextlib.redirect_stdout(io.StringIO()):
        path = Path(directory) / "network.tflite"
        path.write_bytes(model)
        arguments = ["--accelerator-config", accelerator.config, "--output-dir", directory]
        ini = Path(directory) / "vela.ini"
        ini.write_text(accelerator.ini or shipped_ini())
        arguments += ["--config", str(ini), "--system-config", accelerator.system_config]
        arguments += ["--memory-mode", accelerator.memory_mode]
        arguments += ["--arena-cache-size", str(accelerator.arena_cache_bytes)]
        vela.main([str(path), *arguments])
        with next(Path(directory).glob("*_summary_*.csv")).open() as file:
            row = next(csv.DictReader(file))
    numbers = {}
    for name, value in row.items():
        with contextlib.suppress(ValueError):
            numbers[name] = float(value)
    return numbers


@functools.cache
def _system_settings(accelerator: EthosU) -> str:
    ini = accelerator.ini or shipped_ini()
    macs_per_core = accelerator.macs_per_cycle // accelerator.cores
    return (
        f"[architecture]\nmacs={macs_per_core}\ncores={accelerator.cores}\n"
        f"[vela]\nsystem_config_name={accelerator.system_config}\nmemory_mode_name={accelerator.memory_mode}\n{ini}"
    )


def _options(accelerator: EthosU, *, operator_table: bool) -> str:
    return (
        f"\n[compiler]\nenable_db={str(operator_table).lower()}\noutput_format=TFLite\ncop_format=COP1\n"
        f"\n[scheduler]\noptimize=Performance\narena_size_limit={accelerator.arena_cache_bytes}\ndisable_feature=\n"
        "cpu_tensor_alignment=16\ntensor_allocator=HillClimb\n\n[graph]\nsoftmax_int16_neg_exp_range=10.0\n"
    )
