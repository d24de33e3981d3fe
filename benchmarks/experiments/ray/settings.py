"""How much is run."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.errors import check_count


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce ray --set NAME=VALUE` may change."""

    trials: int = 1_000
    """Of each row without kills; rows with a kill have a twentieth of it, of a fifth of a second each."""

    def __post_init__(self):
        check_count("trials", self.trials, least=100, most=10**6)
