"""How much work an experiment does: settings by profile, as data."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from benchmarks.errors import BenchmarkInputError
from tasks.fidelity import Fidelity


@dataclass(frozen=True)
class DetectionProfile:
    """Settings of the detection experiment.

    search: how candidates are trained and judged, on validation scenes.  final: how winners and baseline are, on test
    scenes that no decision has seen.  search_baseline_seeds: trainings that the mAP to keep is averaged over.
    final_seeds: trainings behind each mean of the table.  trainings: candidates that each of the searches (three
    spaces on each accelerator) may train.  confirmations: further trainings of a candidate that reached the floor in
    its first.  proposals: candidates that it may look at.  map_tolerance: how far below the baseline's mAP@[.5:.95] a
    candidate may be.  classes: 1 for presence, 10 for Fashion-MNIST's.  smoke: a profile that checks that everything
    runs and whose figures mean nothing.
    """

    accelerators: tuple[str, ...]
    search: Fidelity
    final: Fidelity
    search_baseline_seeds: int
    final_seeds: int
    trainings: int
    proposals: int
    confirmations: int = 1
    map_tolerance: float = 0.02
    strategy: str = "regularised_evolution"
    classes: int = 1
    smoke: bool = False


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

THREE_ETHOS_U = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")

DETECTION: MappingProxyType[str, DetectionProfile] = MappingProxyType(
    {
        "smoke": DetectionProfile(
            accelerators=THREE_ETHOS_U[:1],
            search=Fidelity("smoke", 512, 256, "validation", 128),
            final=Fidelity("smoke", 512, 256, "test", 128),
            search_baseline_seeds=1,
            final_seeds=2,
            trainings=1,
            proposals=20,
            smoke=True,
        ),
        "quick": DetectionProfile(
            accelerators=THREE_ETHOS_U,
            search=Fidelity("quick", 20_000, 6_400, "validation", 1_000),
            final=Fidelity("quick", 20_000, 12_800, "test", 2_000),
            search_baseline_seeds=5,
            final_seeds=3,
            trainings=6,
            proposals=300,
        ),
        "full": DetectionProfile(
            accelerators=THREE_ETHOS_U,
            search=Fidelity("full", 60_000, 48_000, "validation", 5_000),
            final=Fidelity("full", 60_000, 240_000, "test", 5_000),
            search_baseline_seeds=5,
            final_seeds=5,
            trainings=40,
            proposals=4_000,
            map_tolerance=0.01,
        ),
    }
)


def detection_profile(name: str) -> DetectionProfile:
    """The profile of that name.  Raises BenchmarkInputError naming those there are."""
    if name not in DETECTION:
        raise BenchmarkInputError(f"unknown profile {name!r}; allowed: {', '.join(DETECTION)}")
    return DETECTION[name]
