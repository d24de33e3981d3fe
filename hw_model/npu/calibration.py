"""The parametric accelerator fitted to an Ethos-U: its lanes from the hardware, its rates from measurement."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from hw_model.errors import HardwareInputError
from hw_model.files import write_whole
from hw_model.learned.dataset import MeasuredChain
from hw_model.npu.model import Npu, operator_cycles
from hw_model.operator_arrays import PLACES, operator_arrays, operator_places
from hw_model.vela.accelerators import EthosU
from hw_model.workload import workload_from_chains

_STEPS = 400
# rows, columns, output and input lanes by MACs a cycle; a two-core U65 splits the output channels.  The U85 chooses
# among several shapes for each operator, here it has the squarest one.
_LANES = {
    ("EthosU55", 32): (1, 1, 4, 8),
    ("EthosU55", 64): (1, 1, 8, 8),
    ("EthosU55", 128): (1, 2, 8, 8),
    ("EthosU55", 256): (2, 2, 8, 8),
    ("EthosU65", 256): (2, 2, 8, 8),
    ("EthosU65", 512): (2, 2, 16, 8),
    ("EthosU85", 128): (1, 2, 8, 8),
    ("EthosU85", 256): (2, 2, 8, 8),
    ("EthosU85", 512): (2, 2, 16, 8),
    ("EthosU85", 1024): (2, 2, 16, 16),
    ("EthosU85", 2048): (2, 4, 16, 16),
}


def calibrate(chains: Sequence[MeasuredChain], accelerator: EthosU) -> Npu:
    """The parametric accelerator with rates, bandwidths and setup time fitted to the operators' measured cycles.

    Least absolute log error of networks and, with less weight, of their operators, by Adam through the model itself;
    deterministic.
    """
    workload = workload_from_chains([chain.blocks for chain in chains])
    operators = operator_arrays(workload)
    cycles = np.zeros((len(chains), workload.length, PLACES))
    for row, chain in enumerate(chains):
        for (block, place), value in zip(operator_places(chain.blocks), chain.report.operator_cycles, strict=True):
            cycles[row, block, place] += value
    share = jnp.asarray(cycles / cycles.sum((1, 2), keepdims=True))
    totals = jnp.asarray(cycles.sum((1, 2)), jnp.float32)
    measured = jnp.asarray(np.log(np.maximum(cycles, 50.0)), jnp.float32)

    def loss(raw: dict[str, Array]) -> Array:
        predicted = operator_cycles(_npu(accelerator, raw), operators)
        of_operators = jnp.sum(share * jnp.abs(jnp.log(jnp.maximum(predicted, 50.0)) - measured), axis=(1, 2))
        # errors of operators add up or cancel, and what counts in the end is the network
        of_networks = jnp.abs(jnp.log(predicted.sum((1, 2)) / totals))
        return jnp.mean(0.2 * of_operators + of_networks)

    raw = {
        "convolution": jnp.float32(1.0),
        "depthwise": jnp.float32(0.0),
        "sram": jnp.log(16.0),
        "memory": jnp.log(4.0),
        "setup": jnp.log(200.0),
    }
    optimizer = optax.adam(optax.cosine_decay_schedule(0.05, _STEPS))

    def step(carry: tuple, _: None) -> tuple[tuple, None]:
        raw, state = carry
        updates, state = optimizer.update(jax.grad(loss)(raw), state)
        return (optax.apply_updates(raw, updates), state), None

    fitted = jax.jit(lambda carry: jax.lax.scan(step, carry, length=_STEPS)[0][0])((raw, optimizer.init(raw)))
    return Npu(*(float(value) for value in _npu(accelerator, fitted)))


def save_calibrated(path: Path, npus: dict[str, Npu]) -> None:
    """Write calibrated accelerators as JSON."""
    content = {
        name: {field: float(f"{value:.6g}") for field, value in npu._asdict().items()} for name, npu in npus.items()
    }
    write_whole(path, json.dumps(content, indent=1) + "\n")


def load_calibrated(path: Path) -> dict[str, Npu]:
    """The calibrated accelerators of a file by name, none if there is no file."""
    if not path.exists():
        return {}
    try:
        return {name: Npu(**fields) for name, fields in json.loads(path.read_text()).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise HardwareInputError(f"calibrated accelerators {path} cannot be read: {error}") from error


def _npu(accelerator: EthosU, raw: dict[str, Array]) -> Npu:
    rows, columns, output_lanes, input_lanes = _LANES[accelerator.family, accelerator.macs_per_cycle]
    return Npu(
        input_lanes=input_lanes,
        output_lanes=output_lanes,
        rows=rows,
        columns=columns,
        clock_hz=accelerator.clock_hz,
        convolution_rate=jax.nn.sigmoid(raw["convolution"]),
        depthwise_rate=jax.nn.sigmoid(raw["depthwise"]),
        # where no limit is stated the compiler plans with all the SRAM it wants
        sram_bytes=float(accelerator.arena_cache_bytes) if accelerator.fills_sram else 2.0**40,
        sram_bytes_per_cycle=jnp.exp(raw["sram"]),
        memory_bytes_per_cycle=jnp.exp(raw["memory"]),
        setup_cycles=jnp.exp(raw["setup"]),
        channel_alignment=16.0,
        weights_in_memory=float(accelerator.memory_mode != "Sram_Only"),
    )
