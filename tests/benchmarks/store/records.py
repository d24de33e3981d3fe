"""Trials and results that tests of the store put into it."""

import dataclasses
import json
from typing import NamedTuple

from benchmarks.store.keys import canonical_json
from benchmarks.store.provenance import Provenance
from benchmarks.store.records import Result, Trial, TrialKey
from hw_model.blocks import Block
from tasks.fidelity import Fidelity

MADE_BY = Provenance("0123456789ab", "0.11.2", "0.11.2", "5.2.0", "A CPU of 2 GHz", 1)
BLOCKS = (Block("conv", 16, 16, 3, 8, stride=2), Block("conv", 8, 8, 8, 5, kernel=1, activation=False))
ARCHITECTURE = canonical_json([dataclasses.asdict(block) for block in BLOCKS])
FIDELITY = canonical_json(dataclasses.asdict(Fidelity("quick", 100, 6400, "validation", 50)))
CREATED = "2026-11-24T10:48:47.566+00:00"
KEY = TrialKey("detection-1", "scenes-1", ARCHITECTURE, FIDELITY, 0, "3")


def done(seed: int = 0, value: float = 0.5, **changes) -> Trial:
    """A finished training of that seed and mAP."""
    key = dataclasses.replace(KEY, seed=seed, **changes)
    return Trial(
        key, "done", {"map": value, "map50": value / 3}, 6400, 1e12 / 3, 12.5, created=CREATED, provenance=MADE_BY
    )


def of_genotype(genotype: tuple[int, ...], seed: int, value: float, path: str = "static") -> Trial:
    """A finished training of a network of the uncurated space."""
    return dataclasses.replace(done(seed, value, code_path=path), space="uncurated", genotype=genotype)


def failed(seed: int = 0, error: str = "ValueError: too wide") -> Trial:
    """A training that came to nothing."""
    return Trial(
        dataclasses.replace(KEY, seed=seed),
        "failed",
        {},
        10,
        0.0,
        0.25,
        error=error,
        created=CREATED,
        provenance=MADE_BY,
    )


def result(number: int = 0) -> Result:
    """A result of a made-up family."""
    key = canonical_json({"code_version": "1", "number": number})
    return Result("scores", key, json.dumps([number / 7, float("nan")]), created=CREATED, provenance=MADE_BY)


class Plan(NamedTuple):
    """Settings within settings."""

    steps: int
    rate: float


@dataclasses.dataclass(frozen=True)
class Settings:
    """As algorithms have them."""

    warm_up: float
    plan: Plan
    sizes: tuple[int, ...] = (1, 2)
