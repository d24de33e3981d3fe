"""The cost model of an accelerator by its name: learned, analytic, or blocks that were timed."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import jax
import numpy as np
from jax.tree_util import Partial

from hw_model.cost import Estimate
from hw_model.errors import HardwareInputError, short
from hw_model.files import default_home
from hw_model.learned.device import THIS_DEVICE, current_device
from hw_model.learned.estimator import Estimator, estimate
from hw_model.learned.fitting import load_estimator
from hw_model.npu.calibration import load_calibrated
from hw_model.npu.model import NPUS, Npu, npu_estimate
from hw_model.operator_arrays import OperatorArrays
from hw_model.tables.block_file import BlockTable, block_estimate, block_table, read_blocks
from hw_model.vela.accelerators import ETHOS_U, Target
from hw_model.vela.core import COMPILER_VERSION
from hw_model.vela.tflite_writer import WRITER_VERSION
from hw_model.workload import Workload

Method = Literal["estimate", "compile"]
COST_CODE_VERSION = "2"
"""Raise it when a change to features, estimator or parametric NPU changes what equal parameters estimate."""
PRETRAINED = Path(__file__).parent / "pretrained"
_ESTIMATE, _NPU_ESTIMATE, _BLOCK_ESTIMATE = jax.jit(estimate), jax.jit(npu_estimate), jax.jit(block_estimate)


class CostModel(NamedTuple):
    """How an accelerator's costs are answered."""

    method: str
    """"estimator" (learned), "analytic" (the parametric NPU) or "blocks" (a file of blocks that were timed)."""
    estimate: Callable[[Workload | OperatorArrays], Estimate]
    """Workloads [..., L], or their operators, to their costs, compiled; traceable, and a pytree, so that a jitted
    function that takes it as an argument is compiled once for all accelerators of a kind."""
    knows_traffic: bool
    """Whether its energy and what it says is moved behind the SRAM mean anything."""
    knows_fragments: bool = False
    """As an estimator has it."""

    @property
    def fingerprint(self) -> str:
        """Tells it from any other model, by its parameters and the code's version: 16 hexadecimal digits."""
        digest = hashlib.sha256(f"{self.method} {COST_CODE_VERSION} {COMPILER_VERSION} {WRITER_VERSION}".encode())
        for leaf in jax.tree.leaves(self.estimate):
            array = np.asarray(leaf)
            digest.update(f"{array.dtype.str} {array.shape};".encode() + array.tobytes())
        return digest.hexdigest()[:16]


def accelerator_names() -> list[str]:
    """Every accelerator that predict knows: Ethos-U configurations, then parametric NPUs, then devices that were timed.

    "npu-ethos-u55-256" and the like are parametric NPUs calibrated to that Ethos-U.
    """
    devices = {path.stem for folder in (PRETRAINED, fitted_folder()) for path in folder.glob("device-*.npz")}
    return [*ETHOS_U, *_npus(), *sorted(devices)]


def cost_model(accelerator: str) -> CostModel:
    """The learned or analytic model of an accelerator, "this-device" for the one that JAX computes on; or the blocks
    that were timed on a device of one's own, by the path of their file (`hw_model.tables.block_file`), which ends in
    .csv.

    Raises HardwareInputError for an unknown name, for a device that no estimator was fitted to, and for a file that is
    none.
    """
    if is_block_file(accelerator):
        return CostModel("blocks", Partial(_BLOCK_ESTIMATE, _blocks_in(*_version(Path(accelerator)))), False)
    npus = _npus()
    if accelerator == THIS_DEVICE:
        accelerator = current_device().name
    if accelerator in npus:
        return CostModel("analytic", Partial(_NPU_ESTIMATE, npus[accelerator]), True)
    file = _estimator_file(accelerator)
    if accelerator in ETHOS_U:
        estimator = _estimator_in(*_version(file), ETHOS_U[accelerator])
        partial = Partial(_ESTIMATE, estimator)
        return CostModel("estimator", partial, estimator.knows_traffic, estimator.knows_fragments)
    if accelerator.startswith("device-") and (os.path.exists(file) or accelerator == current_device().name):
        if accelerator != current_device().name:
            raise HardwareInputError(f"{accelerator} was timed on another device; allowed here: {THIS_DEVICE}")
        estimator = _estimator_in(*_version(file), current_device())
        return CostModel("estimator", Partial(_ESTIMATE, estimator), False, estimator.knows_fragments)
    raise HardwareInputError(f"unknown accelerator {accelerator!r}; allowed: {', '.join(accelerator_names())}")


def is_block_file(accelerator: str) -> bool:
    """Whether it is the path of a file of blocks that were timed."""
    return accelerator.endswith(".csv")


def check_method(method: str) -> None:
    """Raise HardwareInputError for one that there is not."""
    if method not in get_args(Method):
        raise HardwareInputError(f"unknown method {short(method)}; allowed: {', '.join(get_args(Method))}")


def parallelism_factor(accelerator: str) -> int:
    """Output channels that an Ethos-U or a parametric NPU computes at a time.

    Raises HardwareInputError where that is not known, as for devices that were only timed.
    """
    npus = _npus()
    name = accelerator if accelerator in npus else f"npu-{accelerator.removesuffix('-sram-only')}"
    if name not in npus:
        raise HardwareInputError(
            f"parallelism factor of {accelerator!r} is not known, so no space is curated for it; allowed: ethos-u... "
            "and npu-... of `accelnas list`, or a space that is not curated"
        )
    return int(npus[name].output_lanes)


def fitted_folder() -> Path:
    """Where `accelnas measure --fit` keeps estimators, whatever `--home` a command is given."""
    return default_home() / "estimators"


def _estimator_file(accelerator: str) -> Path:
    """The one fitted here, but for one that ships with the package where none is."""
    fitted, shipped = (folder / f"{accelerator}.npz" for folder in (fitted_folder(), PRETRAINED))
    # unlike Path.exists, False for names that are too long
    return shipped if os.path.exists(shipped) and not os.path.exists(fitted) else fitted


def _npus() -> dict[str, Npu]:
    return _npus_in(*_version(PRETRAINED / "npus.json"))


# files are read once, and again when they have changed


@functools.cache
def _npus_in(path: Path, modified: int) -> dict[str, Npu]:
    return NPUS | load_calibrated(path)


@functools.cache
def _estimator_in(path: Path, modified: int, accelerator: Target) -> Estimator:
    with jax.ensure_compile_time_eval():  # whoever asks first may be tracing, and what is kept must be values
        return load_estimator(path, accelerator)


@functools.cache
def _blocks_in(path: Path, modified: int) -> BlockTable:
    with jax.ensure_compile_time_eval():
        return block_table(read_blocks(path))


def _version(path: Path) -> tuple[Path, int]:
    return path, path.stat().st_mtime_ns if os.path.exists(path) else 0
