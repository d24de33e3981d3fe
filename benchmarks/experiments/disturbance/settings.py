"""What the experiment disturbance may be set to."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.errors import BenchmarkInputError, check_count

TARGETS = ("group", "parent", "workers")
"""The process group as a terminal has it, the process that was started, one of its workers."""


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce disturbance --set NAME=VALUE` may change."""

    kills: int = 50
    """Of all targets together, shared out evenly."""
    targets: tuple[str, ...] = TARGETS
    """What is killed."""
    seed: int = 0
    """Of the moments."""

    def __post_init__(self):
        if unknown := [each for each in self.targets if each not in TARGETS]:
            raise BenchmarkInputError(f"target {unknown[0][:40]!r}; allowed: {', '.join(TARGETS)}")
        check_count("kills", self.kills, least=len(self.targets), most=10_000)
