"""What the experiment bad_inputs may be set to."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.errors import check_count


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce bad_inputs --set NAME=VALUE` may change."""

    inputs: int = 10_000
    """Of all kinds together, shared out by `kinds.KINDS`."""
    seed: int = 0
    """Another number draws others."""
    processes: int = 40
    """Of the inputs, how many are given to a process of their own, which takes seconds."""

    def __post_init__(self):
        check_count("inputs", self.inputs)
        check_count("processes", self.processes, least=0, most=self.inputs)
