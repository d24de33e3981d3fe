"""Where a training step's milliseconds go, ours beside PyTorch's: why rows of training_speed.csv are what they are.

    python -m benchmarks.training_profile --peer PYTHON      # PYTHON has PyTorch; writes results/training_profile.csv

Networks, batch and processes are those of `benchmarks.training_speed`; both profilers slow what they watch, so that the
parts are to be compared with each other and not added up to that table's rates.  A fusion counts as what its root
does.  convolution: standard and pointwise; normalisation: batch normalisation, activations and residual additions,
which XLA fuses; rest: what is outside the network, and between the parts.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jax
import pandas as pd
import tyro
from rich.console import Console

from benchmarks.training_speed import BATCH, NETWORKS, SIDES, STEPS, core_sets, make_run, output_of

PARTS = ("convolution", "depthwise", "normalisation", "rest")
# an instruction's name, and the scope that it comes from
INSTRUCTION = re.compile(r'^ *(?:ROOT )?%?([\w.-]+) = .*op_name="([^"]*)"', re.MULTILINE)


def part_of(scope: str) -> str:
    """The part of a training step that an instruction's scope belongs to."""
    if "/Depthwise" in scope:
        return "depthwise"
    if "/Conv" in scope:
        return "convolution"
    return "normalisation" if "ChainNetwork" in scope else "rest"


def self_times(events: Iterable[tuple[str, float, float]]) -> list[tuple[str, float]]:
    """(name, nanoseconds less those of the events inside) of one thread's events (name, start, nanoseconds)."""
    times: list[tuple[str, float]] = []
    open_ones: list[tuple[int, float]] = []  # place in `times`, end
    for name, start, duration in sorted(events, key=lambda event: (event[1], -event[2])):
        while open_ones and open_ones[-1][1] <= start:
            open_ones.pop()
        if open_ones:
            around = open_ones[-1][0]
            times[around] = times[around][0], times[around][1] - duration
        open_ones.append((len(times), start + duration))
        times.append((name, duration))
    return times


def profile_ours(name: str, side: int) -> dict[str, float]:
    """Milliseconds of each part in one training step."""
    run, state = make_run(name, side)
    compiled = jax.jit(run).lower(state).compile()
    scopes = dict(INSTRUCTION.findall(compiled.as_text() or ""))
    jax.block_until_ready(compiled(state))
    found: dict[str, float] = dict.fromkeys(PARTS, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            jax.block_until_ready(compiled(state))
        (path,) = Path(folder).rglob("*.xplane.pb")
        data = jax.profiler.ProfileData.from_file(str(path))
        lines = [list(line.events) for plane in data.planes for line in plane.lines if line.name.startswith("tf_XLA")]
    for events in lines:
        for event, nanoseconds in self_times((event.name, event.start_ns, event.duration_ns) for event in events):
            if event in scopes:
                found[part_of(scopes[event])] += nanoseconds / STEPS / 1e6
    return found


def compare(peer: Path) -> pd.DataFrame:
    """A row for each number of cores, image size, network and part."""
    rows: list[dict[str, Any]] = []
    for cores in core_sets():
        for side in SIDES:
            for name, specification in NETWORKS.items():
                ours = [sys.executable, "-m", "benchmarks.training_profile", "--ours", name, "--side", str(side)]
                task = json.dumps({"blocks": specification, "side": side, "batch": BATCH})
                script = str(Path(__file__).with_name("training_speed_peer.py"))
                found = [
                    json.loads(output_of(command, cores)) for command in (ours, [str(peer), script, task, "profile"])
                ]
                setting = {"network": name, "image_size": side, "batch": BATCH, "cores": len(cores)}
                rows += [
                    setting | {"part": part, "ours_ms": found[0][part], "pytorch_ms": found[1][part]} for part in PARTS
                ]
    return pd.DataFrame(rows)


def main(
    peer: Path | None = None,
    ours: str | None = None,
    side: int = 32,
    output: Path = Path("results/training_profile.csv"),
) -> None:
    """Profile training steps.

    Args:
        peer: A Python that has PyTorch; without, ours alone is printed.
        ours: Profile only this network here and print a JSON object.
        side: Pixels, with --ours.
        output: Table to write, with --peer.
    """
    if ours is not None:
        print(json.dumps(profile_ours(ours, side)))
        return
    console = Console(width=120)
    if peer is None:
        console.print(pd.DataFrame({name: profile_ours(name, max(SIDES)) for name in NETWORKS}).to_string())
        return
    frame = compare(peer)
    frame.to_csv(output, index=False, float_format="%.4g")
    console.print(frame.to_string(index=False, float_format="%.3g"))


if __name__ == "__main__":
    tyro.cli(main)
