"""What a contest on the tables may be set to."""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmarks.errors import BenchmarkInputError, check_count
from benchmarks.fidelities import FIDELITIES

STRATEGIES = ("random", "local_search", "regularised_evolution", "genetic")
"""Those of which a thousand searches take seconds."""
MORE_STRATEGIES = ("nsga2", "reinforce", "ppo", "auto", "bananas", "optuna TPE", "pymoo GA")
"""`auto` is the Gaussian process here; the last two are other packages' searches."""
COUNTS = ("zero_shot:macs", "zero_shot:params")
ZERO_SHOT = ("zero_shot:synflow", "zero_shot:naswot", "zero_shot:zen", "zero_shot:jacob_cov", "zero_shot:az_nas")
HYBRIDS = (
    *("zero_shot_ranking:params", "zero_shot_local:params", "zero_shot_genetic:params"),
    *("zero_shot_ranking:naswot", "zero_shot_local:naswot", "zero_shot_genetic:naswot"),
    *("baseline_local", "baseline_genetic"),
    *("zero_shot_model:params", "baseline_model"),
)
"""With a count and a score, fixed before any of their searches was seen."""
SMOKE = ("baseline", "random", "local_search", "zero_shot:macs")
PROFILES = ("smoke", "quick", "full")
BUDGETS = 2, 10_000
"""The smallest and the largest."""
CONTENDERS = ("baseline", "expert", *STRATEGIES, *MORE_STRATEGIES, *COUNTS, *ZERO_SHOT, *HYBRIDS)


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce head_to_head --set NAME=VALUE` may change."""

    task: tuple[str, ...] = tuple(FIDELITIES)
    """Tasks that have a table."""
    accelerators: tuple[str, ...] = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")
    """By whose estimators latencies are bounded."""
    contenders: tuple[str, ...] = CONTENDERS
    """Who takes part, see contenders.py."""
    budgets: tuple[int, ...] = (10, 30, 100, 300)
    """Trainings whose example passes each search may spend."""
    seeds: int = 1_000
    """Searches of each contender."""
    slow_seeds: int = 30
    """Of those that fit a model between trainings, or run on the host, which compute more than they look up."""
    pool: int = 125
    """Networks that a score chooses from: one of the parts of so many that the scored ones are divided into."""
    profile: str = "quick"
    """quick is these settings; smoke a minute of them, full all seeds for the slow ones too, which takes a day."""

    def __post_init__(self):
        if self.profile not in PROFILES:
            raise BenchmarkInputError(f"unknown profile {self.profile[:60]!r}; allowed: {', '.join(PROFILES)}")
        for name, least in (("seeds", 2), ("slow_seeds", 2), ("pool", 2)):
            check_count(name, getattr(self, name), least, most=100_000)
        for budget in self.budgets:
            check_count("budgets", budget, *BUDGETS)
        if "random" not in self.contenders:
            raise BenchmarkInputError(
                f"contenders are {', '.join(self.contenders)[:120]}; allowed: random, and others to compare with it"
            )

    def of_profile(self) -> Settings:
        """What the profile makes of them."""
        if self.profile == "smoke":
            few = tuple(name for name in self.contenders if name in SMOKE)
            one = {"task": self.task[:1], "accelerators": self.accelerators[:1], "budgets": self.budgets[:1]}
            return replace(self, **one, contenders=few, seeds=20, slow_seeds=4)
        return replace(self, slow_seeds=self.seeds) if self.profile == "full" else self
