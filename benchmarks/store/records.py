"""What is kept of a search: trials, keyed by all that their results depend on, and proposals."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from benchmarks.errors import BenchmarkInputError

if TYPE_CHECKING:
    import pandas as pd

TrialState = Literal["done", "failed"]
ProposalState = Literal["trained", "pruned", "failed", "reused"]


def canonical_json(value: object) -> str:
    """The one JSON text of a value: sorted keys, no blanks, ASCII.

    Raises BenchmarkInputError where JSON has none, as for NaN and for NumPy's numbers.
    """
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise BenchmarkInputError(f"no JSON for this value ({error}); allowed: plain Python values, finite") from error


@dataclass(frozen=True)
class TrialKey:
    """All that a trial's result depends on.

    architecture, fidelity: canonical JSON (see canonical_json), so that equal settings are equal texts.
    data_version: of the prepared data; code_version: of the training code.

    Raises BenchmarkInputError when a text is empty or not canonical, or the seed is no int.
    """

    task: str
    data_version: str
    architecture: str
    fidelity: str
    seed: int
    code_version: str

    def __post_init__(self):
        for name in ("task", "data_version", "code_version"):
            _check_text(f"trial key: {name}", getattr(self, name))
        for name in ("architecture", "fidelity"):
            _check_canonical(name, getattr(self, name))
        _check_int("trial key: seed", self.seed)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all fields, in hexadecimal."""
        return hashlib.sha256(canonical_json(dataclasses.asdict(self)).encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Trial:
    """One training and its evaluation, or why it failed.

    quality: metric name to value, finite; larger or smaller is better as the task says.  example_passes: training
    examples seen, repeats counted.  training_flops: floating-point operations of the training.  seconds: wall clock
    of training and evaluation.  error: why it failed; None when done.  created: UTC, ISO 8601.

    Raises BenchmarkInputError for anything else, NaN above all: a training that diverged is a failed trial, and
    `finished` makes it one.
    """

    key: TrialKey
    state: TrialState
    quality: dict[str, float]
    example_passes: int
    training_flops: float
    seconds: float
    error: str | None = None
    created: str = field(default_factory=_now)

    def __post_init__(self):
        _check_choice("trial: state", self.state, get_args(TrialState))
        bad = {name: value for name, value in self.quality.items() if not math.isfinite(value)}
        if bad:
            raise BenchmarkInputError(f"trial: quality holds {bad}; allowed: finite numbers, else state 'failed'")
        if (self.state == "failed") != bool(self.error):
            raise BenchmarkInputError(
                f"trial: state {self.state!r} with error {self.error!r}; a failed one has a reason"
            )
        if self.state == "done" and not self.quality:
            raise BenchmarkInputError("trial: done without quality; allowed: one metric and more")
        _check_int("trial: example_passes", self.example_passes)
        for name in ("example_passes", "training_flops", "seconds"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise BenchmarkInputError(f"trial: {name} is {value}; allowed: finite, 0 and more")

    @classmethod
    def finished(
        cls, key: TrialKey, quality: Mapping[str, float], *, example_passes: int, training_flops: float, seconds: float
    ) -> Self:
        """A trial that ran to its end: done, or failed when a metric is NaN or infinite (finite ones are kept)."""
        values = {name: float(value) for name, value in quality.items()}
        finite = {name: value for name, value in values.items() if math.isfinite(value)}
        lost = ", ".join(f"{name} is {value}" for name, value in values.items() if name not in finite)
        state = "failed" if lost else "done"
        return cls(key, state, finite, example_passes, training_flops, seconds, error=lost or None)


@dataclass(frozen=True)
class Proposal:
    """What a search proposed at one step, whether or not it was trained.

    search: the algorithm's name; seed: the search's own.  genotype: choice indices in the space.  cost: figures of the
    cost models, by name, finite.  trial: digest of the trial that judged it, None when none did.  score: minimised,
    +inf for a failure, None when not judged; not NaN.

    Raises BenchmarkInputError for anything else.
    """

    experiment: str
    search: str
    seed: int
    step: int
    space: str
    genotype: tuple[int, ...]
    cost: dict[str, Any]
    state: ProposalState
    trial: str | None = None
    score: float | None = None

    def __post_init__(self):
        for name in ("experiment", "search", "space"):
            _check_text(f"proposal: {name}", getattr(self, name))
        for name in ("seed", "step"):
            _check_int(f"proposal: {name}", getattr(self, name))
        _check_choice("proposal: state", self.state, get_args(ProposalState))
        canonical_json([self.genotype, self.cost])
        if self.score is not None and math.isnan(self.score):
            raise BenchmarkInputError("proposal: score is nan; allowed: a number, inf for a failure, None")


def to_frame(rows: Iterable[Trial] | Iterable[Proposal]) -> pd.DataFrame:
    """Trials or proposals as a table, one row each.

    Trials: their key's fields, "digest", and each metric as "quality_<name>".  Proposals: their fields, each figure
    of the cost as "cost_<name>"; "trial" there is "digest" here.
    """
    import pandas as pd  # takes half a second, which searching need not pay

    flat = []
    for row in rows:
        record = dataclasses.asdict(row)
        if isinstance(row, Trial):
            record = {"digest": row.key.digest, **record.pop("key"), **record}
        for group in ("quality", "cost"):
            record |= {f"{group}_{name}": value for name, value in record.pop(group, {}).items()}
        flat.append(record)
    return pd.DataFrame.from_records(flat)


def _check_text(where: str, value: object) -> None:
    if not (isinstance(value, str) and value):
        raise BenchmarkInputError(f"{where} is {value!r}; allowed: a text that is not empty")


def _check_int(where: str, value: object) -> None:
    # NumPy's integers are refused: SQLite would store them as bytes
    if not (isinstance(value, int) and abs(value) < 2**63):
        raise BenchmarkInputError(f"{where} is {value!r}; allowed: a Python int of 64 bits")


def _check_choice(where: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise BenchmarkInputError(f"{where} is {value!r}; allowed: {', '.join(allowed)}")


def _check_canonical(name: str, text: str) -> None:
    try:
        canonical = canonical_json(json.loads(text))
    except (TypeError, ValueError) as error:
        raise BenchmarkInputError(f"trial key: {name} is {text!r}; allowed: canonical JSON") from error
    if canonical != text:
        raise BenchmarkInputError(f"trial key: {name} is {text!r}; allowed: canonical JSON, which is {canonical!r}")
