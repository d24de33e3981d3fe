"""Where a training step's milliseconds go: why rows of results/timings/training_speed.csv are what they are.

    accelnas reproduce training_profile  # writes results/timings/training_profile.csv

Networks, batch and processes are those of `benchmarks.timings.training`, ours alone: PyTorch runs several times slower
under its profiler, so that its parts say nothing.  A fusion counts as what its root does.  convolution: standard and
pointwise; normalisation: batch normalisation, activations and residual additions, which XLA fuses; rest: what is
outside the network, and between the parts.

ours_ms, lowest_ms, highest_ms: thread-milliseconds of a step under the profiler, added up over the threads that XLA
computes on.  Parts can sum to more than the wall time of a step without profiler: compare their shares, not their sums.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import pandas as pd

from benchmarks.runtime.console import print_frame
from benchmarks.store.files import write_table
from benchmarks.timings.training import STEPS, make_run, output_of, rows_to_measure

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
    """Thread-milliseconds of each part in one training step, under the profiler."""
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


def compare(repeats: int) -> pd.DataFrame:
    """A row for each part of each network: medians over so many processes, with the least and the most."""
    rows: list[dict[str, Any]] = []
    for cores, row in rows_to_measure():
        program = "import json; from benchmarks.timings.training_profile import profile_ours\n"
        program += f"print(json.dumps(profile_ours({row['network']!r}, {row['image_size']})))"
        command = [sys.executable, "-c", program]
        runs = [json.loads(output_of(command, cores)) for _ in range(repeats)]
        for part in PARTS:
            times = [run[part] for run in runs]
            spread = {"ours_ms": statistics.median(times), "lowest_ms": min(times), "highest_ms": max(times)}
            rows.append(row | {"part": part} | spread | {"repeats": repeats})
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce training_profile --set NAME=VALUE` may change."""

    repeats: int = 3
    """Processes for each network."""


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Profile training steps."""
    frame = compare(settings.repeats)
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / "training_profile.csv", frame, digits=4)
    print_frame(frame, float_format="%.3g")
