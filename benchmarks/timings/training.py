"""Images per second of a training step, ours against PyTorch's on the same networks and machine.

    accelnas reproduce training_speed                    # ours, and each layer against what XLA makes of it
    accelnas reproduce training_speed --set peer=PYTHON  # writes results/timings/training_speed.csv; PYTHON has PyTorch

Each side runs as a process of its own, in turn, several times, and the medians are compared: on a shared machine single
runs swing by a factor of two and more.  Both get the memory settings of `benchmarks.runtime.worker`, and run once on
one core, as the suite trains its candidates, and once on all.

compile_s: seconds of tracing and compiling our function of five steps, none of them run, median over the processes.
Rates do not include it.  (Tables written before it was timed apart have the first call's seconds there, its five steps,
0.1 to 0.8 s, included.)
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import optax
import pandas as pd
from jax import lax
from rich.console import Console
from rich.table import Table

from benchmarks.errors import check_linux
from benchmarks.runtime.worker import WORKER_ENVIRONMENT, allowed_cores
from benchmarks.store.files import write_table
from benchmarks.timings.training_layers import layer_table
from hw_model.blocks import Block
from tasks.networks.blocks import ChainNetwork
from tasks.networks.initialise import initialise

STEPS, CALLS, BATCH = 5, 5, 64
# (block, output channels, stride, expansion, kernel): a small network, once of inverted bottlenecks, once mostly fused
IBN = (
    *(("conv", 16, 2, 1, 3), ("ibn", 16, 1, 1, 3), ("ibn", 24, 2, 4, 3), ("ibn", 24, 1, 4, 3)),
    *(("ibn", 32, 2, 4, 3), ("ibn", 32, 1, 4, 3), ("ibn", 64, 2, 4, 3), ("ibn", 64, 1, 4, 3)),
)
FUSED = tuple(("fused_ibn", *rest) if kind == "ibn" and i < 6 else (kind, *rest) for i, (kind, *rest) in enumerate(IBN))
NETWORKS = {"ibn": IBN, "fused_ibn": FUSED}
SIDES = (32, 64)


def build(specification: tuple[Any, ...], side: int) -> tuple[Block, ...]:
    """The chain of blocks for square images of so many pixels."""
    blocks, channels = [], 3
    for kind, out, stride, expansion, kernel in specification:
        residual = kind != "conv" and stride == 1 and channels == out
        blocks.append(Block(kind, side, side, channels, out, kernel, stride, expansion, residual))
        side, channels = blocks[-1].out_height, out
    return tuple(blocks)


def make_run(name: str, side: int) -> tuple[Callable[[Any], Any], Any]:
    """STEPS steps of SGD on random images as one compiled function of a state, and that state."""
    network = ChainNetwork(build(NETWORKS[name], side))
    variables = initialise(network, (side, side, 3), jax.random.key(0))
    classifier = jnp.zeros((NETWORKS[name][-1][1], 10))
    images = jax.random.normal(jax.random.key(1), (STEPS, BATCH, side, side, 3))
    labels = jax.random.randint(jax.random.key(2), (STEPS, BATCH), 0, 10)

    def step(state: Any, batch: Any) -> tuple[Any, jax.Array]:
        (params, classifier), stats = state

        def loss_of(weights: Any) -> tuple[jax.Array, Any]:
            output, updated = network.apply(
                {"params": weights[0], "batch_stats": stats}, batch[0], train=True, mutable=["batch_stats"]
            )
            logits = output.mean((1, 2)) @ weights[1]
            loss = optax.softmax_cross_entropy_with_integer_labels(logits, batch[1]).mean()
            return loss, updated["batch_stats"]

        (loss, stats), gradients = jax.value_and_grad(loss_of, has_aux=True)((params, classifier))
        weights = jax.tree.map(lambda w, g: w - 0.05 * g, (params, classifier), gradients)
        return (weights, stats), loss

    state = ((variables["params"], classifier), variables["batch_stats"])
    return jax.jit(lambda state: lax.scan(step, state, (images, labels))), state


def measure_ours(name: str, side: int) -> tuple[float, float]:
    """(images per second, seconds of tracing and compiling) of SGD on random images."""
    run, state = make_run(name, side)
    started = time.perf_counter()
    compiled = jax.jit(run).lower(state).compile()
    compiling = time.perf_counter() - started
    jax.block_until_ready(compiled(state))  # the first call is slower than the others
    times = []
    for _ in range(CALLS):
        started = time.perf_counter()
        jax.block_until_ready(compiled(state))
        times.append(time.perf_counter() - started)
    return BATCH * STEPS / statistics.median(times), compiling


def core_sets() -> list[list[int]]:
    """One core, as the suite trains its candidates, and all."""
    allowed = [core for core in allowed_cores() if core is not None]
    return [allowed[-1:], allowed] if len(allowed) > 1 else [allowed]


def rows_to_measure() -> Iterator[tuple[list[int], dict[str, Any]]]:
    """The cores to run on, and what begins a row, for each number of cores, image size and network."""
    for cores, side, name in itertools.product(core_sets(), SIDES, NETWORKS):
        yield cores, {"network": name, "image_size": side, "batch": BATCH, "cores": len(cores)}


def compare(peer: Path, repeats: int) -> pd.DataFrame:
    """Medians over so many processes of each side in turn."""
    rows = []
    for cores, row in rows_to_measure():
        name, side = row["network"], row["image_size"]
        ours, theirs, compiling = [], [], []
        for _ in range(repeats):
            program = f"from benchmarks.timings.training import measure_ours; print(*measure_ours({name!r}, {side}))"
            command = [sys.executable, "-c", program]
            rate, seconds = map(float, output_of(command, cores).split())
            ours.append(rate)
            compiling.append(seconds)
            task = json.dumps({"blocks": NETWORKS[name], "side": side, "batch": BATCH})
            command = [str(peer), str(Path(__file__).with_name("training_peer.py")), task]
            theirs.append(float(output_of(command, cores)))
        rows.append(
            row
            | {
                "ours_images_per_s": statistics.median(ours),
                "pytorch_images_per_s": statistics.median(theirs),
                "ratio": statistics.median(ours) / statistics.median(theirs),
                "lowest_ratio": min(a / b for a, b in zip(ours, theirs, strict=True)),
                "highest_ratio": max(a / b for a, b in zip(ours, theirs, strict=True)),
                "compile_s": statistics.median(compiling),
                "repeats": repeats,
            }
        )
    return pd.DataFrame(rows)


def output_of(command: list[str], cores: list[int]) -> str:
    """What a command prints that runs on these cores, with the workers' settings of the memory allocator."""
    environment = {**os.environ, **{name: v for name, v in WORKER_ENVIRONMENT.items() if "THREADS" not in name}}
    if cores:
        check_linux("timing on chosen cores")
    before = os.sched_getaffinity(0) if cores else set()
    try:
        if cores:
            os.sched_setaffinity(0, cores)  # inherited, so that both sides start as many threads
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment).stdout
    finally:
        if cores:
            os.sched_setaffinity(0, before)


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce training_speed --set NAME=VALUE` may change."""

    peer: Path | None = None
    """A Python that has PyTorch."""
    repeats: int = 5
    """Processes of each side."""


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Measure training speed, and beside it the peer's where there is one."""
    console = Console()
    if settings.peer is None:
        table = Table("network", "image size", "images/s", "compile s")
        for pixels in SIDES:
            for name in NETWORKS:
                rate, compiling = measure_ours(name, pixels)
                table.add_row(name, str(pixels), f"{rate:.0f}", f"{compiling:.1f}")
        console.print(table)
        console.print(layer_table(jax.random.key(0)))
        return
    frame = compare(settings.peer, settings.repeats)
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / "training_speed.csv", frame, digits=4)
    console.print(frame.to_string(index=False))
