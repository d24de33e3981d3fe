"""Trials and results as people read them."""

from __future__ import annotations

import dataclasses
import json

from benchmarks.store.records import Result, Trial

DIGEST_DIGITS = 12
TRIAL_COLUMNS = (
    *("digest", "task", "seed", "example_passes", "state", "quality", "seconds", "code_version", "code_path"),
    *("device", "created", "imported_from"),
)
RESULT_COLUMNS = ("digest", "kind", "code_version", "device", "created", "imported_from")


def trial_line(trial: Trial) -> str:
    """TRIAL_COLUMNS of a trial, apart by tabs."""
    key = trial.key
    quality = " ".join(f"{name}={value:.4f}" for name, value in trial.quality.items())
    fields = [trial.digest[:DIGEST_DIGITS], key.task, key.seed, trial.example_passes, trial.state]
    fields += [quality or trial.error, f"{trial.seconds:.1f}", key.code_version, key.code_path]
    return _line([*fields, trial.provenance.device, trial.created, trial.imported_from])


def result_line(result: Result) -> str:
    """RESULT_COLUMNS of a result, apart by tabs."""
    version = json.loads(result.key)["code_version"]
    fields = [result.digest[:DIGEST_DIGITS], result.kind, version, result.provenance.device, result.created]
    return _line([*fields, result.imported_from])


def details(record: Trial | Result) -> str:
    """Everything, as JSON with its texts of JSON opened."""
    if isinstance(record, Trial):
        content = dataclasses.asdict(record) | {"key": dataclasses.asdict(record.key)}
        content["key"] |= {name: json.loads(content["key"][name]) for name in ("architecture", "fidelity")}
    else:
        content = dataclasses.asdict(record)
        content |= {name: json.loads(content[name]) for name in ("key", "value")}
    return json.dumps({"digest": record.digest} | content, indent=1)


def _line(fields: list[object]) -> str:
    return "\t".join(" ".join(str(field).split()) or "-" for field in fields)
