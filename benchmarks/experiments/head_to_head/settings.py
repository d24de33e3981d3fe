"""What a contest between families of search may be set to, and the settings of the tables."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class ContestSettings:
    """Settings of families head-to-head, `accelnas compare`; names as there.

    profile: how networks are trained.  budget: trainings whose example passes each search may spend.  seeds: searches
    of each contender.  final_seeds: trainings of each search's winner.  pool: networks that zero-shot scores choose
    from.
    """

    task: str
    accelerator: str
    contenders: tuple[str, ...]
    profile: str
    space: str = "curated"
    budget: int = 6
    seeds: int = 3
    final_seeds: int = 2
    pool: int = 128


CONTENDERS = (
    *("baseline", "expert", "random", "regularised_evolution", "local_search", "reinforce", "bananas"),
    *("zero_shot:macs", "zero_shot:params", "zero_shot:linear_regions", "zero_shot:naswot"),
    *("zero_shot:trainability", "zero_shot:zen"),
    *("gumbel", "tunas", "one_shot", "sandwich"),
    *("zero_shot_evolution:naswot", "zero_shot_predictor:naswot", "supernet_ranking:one_shot"),
)


# what `accelnas reproduce` has time for, at the same settings
REPRODUCED = ("baseline", "expert", "random", "zero_shot:naswot")


CONTESTS: MappingProxyType[str, ContestSettings] = MappingProxyType(
    {
        "smoke": ContestSettings(
            *("classification", "npu-p16", ("baseline", "zero_shot:macs"), "smoke"),
            budget=2,
            seeds=2,
            final_seeds=1,
            pool=8,
        ),
        "quick": ContestSettings("detection", "ethos-u65-512", REPRODUCED, "quick"),
        "full": ContestSettings("detection", "ethos-u65-512", CONTENDERS, "full", budget=40, seeds=5, pool=1_000),
    }
)
