"""What is kept: trials and other results, each under a key of all that it depends on, with where it comes from.

A record travels as a row (`store.rows`).
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal, Self, get_args

from benchmarks.errors import BenchmarkInputError
from benchmarks.store.keys import canonical_json, sha256_of
from benchmarks.store.provenance import Provenance, current_provenance

TrialState = Literal["done", "failed"]
CodePath = Literal["static", "many_at_once"]


@dataclass(frozen=True)
class TrialKey:
    """All that a trial's result depends on.

    Raises BenchmarkInputError when a text is empty or not canonical, or the seed is no int.
    """

    task: str
    """Name and number of classes, such as "detection-1"."""
    data_version: str
    """Of the prepared data."""
    architecture: str
    """Canonical JSON of the blocks."""
    fidelity: str
    """Canonical JSON of the recipe: data, passes, batch, learning rate, evaluation split."""
    seed: int
    """Of initial weights, order of examples and augmentation."""
    code_version: str
    """`tasks.training.TRAINING_CODE_VERSION` then."""
    code_path: CodePath = "static"
    """Whether the network was compiled alone or trained as one of many through the supernet."""

    def __post_init__(self):
        for name in ("task", "data_version", "code_version"):
            _check_text(f"trial key: {name}", getattr(self, name))
        for name in ("architecture", "fidelity"):
            _check_canonical(f"trial key: {name}", getattr(self, name))
        _check_int("trial key: seed", self.seed)
        _check_choice("trial key: code_path", self.code_path, get_args(CodePath))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all fields, in hexadecimal."""
        return sha256_of({name: getattr(self, name) for name in KEY_FIELDS})


KEY_FIELDS = tuple(item.name for item in dataclasses.fields(TrialKey))
"""Names of a `TrialKey`'s fields, in order."""


def now() -> str:
    """UTC, ISO 8601, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Trial:
    """One training and its evaluation, or why it failed.

    Raises BenchmarkInputError for what the fields may not hold, NaN above all: a training that diverged is a failed
    trial, and `finished` makes it one.
    """

    key: TrialKey
    """What it depends on."""
    state: TrialState
    """A failed one is kept too, and gives way to a retry."""
    quality: dict[str, float]
    """Metric name to value, finite; larger or smaller is better as the task says."""
    example_passes: int
    """Training examples seen, repeats counted."""
    training_flops: float
    """Floating-point operations of the training."""
    seconds: float
    """Wall clock of training and evaluation."""
    error: str | None = None
    """Why it failed; None when done."""
    created: str = field(default_factory=now)
    """UTC, ISO 8601."""
    space: str = ""
    """Name of the space that it was asked for from; "" where from none, as for a network in a file."""
    genotype: tuple[int, ...] = ()
    """Choice indices in that space."""
    provenance: Provenance = field(default_factory=current_provenance)
    """Code, libraries and machine."""
    imported_from: str = ""
    """Name of the file that it was taken from; "" where it was trained here."""

    def __post_init__(self):
        _check_choice("trial: state", self.state, get_args(TrialState))
        for name, value in self.quality.items():
            _check_text("trial: name of a metric", name)
            if not (_is_number(value) and math.isfinite(value)):
                found = f"{{{name!r}: {value!r}}}"[:80]
                raise BenchmarkInputError(f"trial: quality holds {found}; allowed: finite numbers, else state 'failed'")
        if (self.state == "failed") != bool(self.error):
            raise BenchmarkInputError(
                f"trial: state {self.state!r} with error {str(self.error)[:80]!r}; a failed one has a reason"
            )
        if self.state == "done" and not self.quality:
            raise BenchmarkInputError("trial: done without quality; allowed: one metric and more")
        _check_int("trial: example_passes", self.example_passes)
        for name in ("example_passes", "training_flops", "seconds"):
            value = getattr(self, name)
            if not (_is_number(value) and math.isfinite(value) and value >= 0):
                raise BenchmarkInputError(f"trial: {name} is {value!r}; allowed: finite, 0 and more")
        _check_moment("trial: created", self.created)
        if not isinstance(self.space, str) or bool(self.space) != bool(self.genotype):
            raise BenchmarkInputError(f"trial: space {str(self.space)[:40]!r} with genotype {str(self.genotype)[:80]}")
        for choice in self.genotype:
            _check_int("trial: genotype", choice)
        _check_origin("trial", self.provenance, self.imported_from)

    @property
    def digest(self) -> str:
        """Its key's."""
        return self.key.digest

    def value(self, metric: str) -> float:
        """Its quality by that metric; NaN where it failed, whatever other metrics came to, or has none of that name."""
        return math.nan if self.state == "failed" else self.quality.get(metric, math.nan)

    @classmethod
    def finished(
        cls,
        key: TrialKey,
        quality: Mapping[str, float],
        *,
        example_passes: int,
        training_flops: float,
        seconds: float,
        space: str = "",
        genotype: tuple[int, ...] = (),
    ) -> Self:
        """A trial that ran to its end: done, or failed when a metric is NaN or infinite (finite ones are kept)."""
        values = {name: float(value) for name, value in quality.items()}
        finite = {name: value for name, value in values.items() if math.isfinite(value)}
        lost = ", ".join(f"{name} is {value}" for name, value in values.items() if name not in finite)
        state = "failed" if lost else "done"
        spent = {"example_passes": example_passes, "training_flops": training_flops, "seconds": seconds}
        return cls(key, state, finite, **spent, error=lost or None, space=space, genotype=genotype)


@dataclass(frozen=True)
class Result:
    """What was computed of anything but a training: a supernet's search, the scores of some networks.

    Raises BenchmarkInputError for what the fields may not hold.
    """

    kind: str
    """The family, such as "supernet_search"."""
    key: str
    """Canonical JSON of all that it depends on; "code_version" is one of its fields."""
    value: str
    """JSON of what was computed; Python's NaN and Infinity are allowed in it."""
    created: str = field(default_factory=now)
    """UTC, ISO 8601."""
    provenance: Provenance = field(default_factory=current_provenance)
    """Code, libraries and machine."""
    imported_from: str = ""
    """Name of the file that it was taken from; "" where it was computed here."""

    def __post_init__(self):
        _check_text("result: kind", self.kind)
        _check_canonical("result: key", self.key)
        content = json.loads(self.key)
        if not (isinstance(content, dict) and content.get("code_version")):
            raise BenchmarkInputError(
                f"result: key of {self.kind[:40]!r} has no code_version; allowed: all that the result depends on"
            )
        try:
            json.loads(self.value)
        except (TypeError, ValueError, RecursionError) as error:
            raise BenchmarkInputError(f"result: value is {str(self.value)[:60]!r}; allowed: JSON") from error
        _check_moment("result: created", self.created)
        _check_origin("result", self.provenance, self.imported_from)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of kind and key, in hexadecimal."""
        return result_digest(self.kind, self.key)


def result_digest(kind: str, key: str) -> str:
    """The digest of a result with that kind and that canonical key."""
    return sha256_of({"kind": kind, "key": key})


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _check_text(where: str, value: object) -> None:
    if not (isinstance(value, str) and value):
        raise BenchmarkInputError(f"{where} is {str(value)[:60]!r}; allowed: a text that is not empty")


def _check_int(where: str, value: object) -> None:
    # NumPy's integers are refused: SQLite would store them as bytes
    if not (type(value) is int and abs(value) < 2**63):
        raise BenchmarkInputError(f"{where} is {str(value)[:60]}; allowed: a Python int of 64 bits")


def _check_choice(where: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise BenchmarkInputError(f"{where} is {str(value)[:60]!r}; allowed: {', '.join(allowed)}")


def _check_moment(where: str, value: object) -> None:
    try:
        aware = isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        raise BenchmarkInputError(f"{where} is {str(value)[:60]!r}; allowed: ISO 8601 with the time zone")


def _check_origin(where: str, provenance: object, imported_from: object) -> None:
    if not isinstance(provenance, Provenance) or not isinstance(imported_from, str):
        raise BenchmarkInputError(f"{where}: provenance is {str(provenance)[:60]!r}, from {str(imported_from)[:40]!r}")
    for name, value in vars(provenance).items():
        if name == "threads":
            _check_int(f"{where}: threads", value)
        else:
            _check_text(f"{where}: {name}", value)


def _check_canonical(where: str, text: object) -> None:
    wrong = _not_canonical(text) if isinstance(text, str) else "a text"
    if wrong:
        raise BenchmarkInputError(f"{where} is {str(text)[:60]!r}; allowed: canonical JSON, {wrong}")


@functools.lru_cache(4096)
def _not_canonical(text: str) -> str:
    """What the text would have to be; "" where it is that."""
    try:
        canonical = canonical_json(json.loads(text))
    except (ValueError, RecursionError) as error:  # BenchmarkInputError is one, for NaN
        return f"which this is not ({str(error)[:60]})"
    return "" if canonical == text else f"here {canonical[:60]!r}"
