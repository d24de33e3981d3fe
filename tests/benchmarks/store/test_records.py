"""What a trial may hold, and what tells it from others."""

from __future__ import annotations

import dataclasses
import math

import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.store.records import Trial, TrialKey
from benchmarks.store.rows import from_row, to_row
from tests.benchmarks.store.records import KEY, MADE_BY, done, result


@pytest.mark.parametrize("name", [item.name for item in dataclasses.fields(TrialKey)])
def test_the_digest_depends_on_every_field_of_the_key(name):
    other = {"seed": 1, "architecture": '{"width":9}', "fidelity": '{"epochs":3}', "code_path": "many_at_once"}
    assert dataclasses.replace(KEY, **{name: other.get(name, "another")}).digest != KEY.digest
    assert dataclasses.replace(KEY).digest == KEY.digest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architecture": '{"b": 1, "a": 2}'}, 'here \'{"a":2,"b":1}\''),
        ({"fidelity": "{"}, "fidelity is '{'; allowed: canonical JSON"),
        ({"fidelity": "NaN"}, "fidelity is 'NaN'; allowed: canonical JSON"),
        ({"seed": 0.5}, "seed is 0.5; allowed: a Python int"),
        ({"seed": True}, "seed is True; allowed: a Python int"),
        ({"code_version": ""}, "code_version is ''; allowed"),
        ({"code_path": "sideways"}, "code_path is 'sideways'; allowed: static, many_at_once"),
        ({"architecture": "[" * 5000}, "architecture is '[[["),
    ],
)
def test_a_key_that_is_not_canonical_is_refused_in_few_words(change, message):
    with pytest.raises(BenchmarkInputError) as caught:
        dataclasses.replace(KEY, **change)
    assert message in str(caught.value)
    assert len(str(caught.value)) <= 300


def test_a_diverged_training_is_a_failed_trial_and_nan_is_never_quality():
    trial = Trial.finished(
        KEY, {"map": math.nan, "loss": math.inf, "recall": 0.5}, example_passes=1, training_flops=1.0, seconds=1.0
    )
    assert (trial.state, trial.error, trial.quality) == ("failed", "map is nan, loss is inf", {"recall": 0.5})
    with pytest.raises(BenchmarkInputError, match=r"quality holds \{'map': nan\}"):
        Trial(KEY, "done", {"map": math.nan}, 1, 1.0, 1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state": "running"}, "state is 'running'; allowed: done, failed"),
        ({"state": "failed"}, "a failed one has a reason"),
        ({"error": "why"}, "a failed one has a reason"),
        ({"quality": {}}, "done without quality"),
        ({"quality": {"map": "good"}}, "quality holds"),
        ({"seconds": math.nan}, "seconds is nan"),
        ({"seconds": "long"}, "seconds is 'long'"),
        ({"example_passes": -1}, "example_passes is -1"),
        ({"created": "yesterday"}, "created is 'yesterday'"),
        ({"genotype": (1, 2)}, "space '' with genotype"),
        ({"provenance": dataclasses.replace(MADE_BY, device="")}, "device is ''"),
    ],
)
def test_a_trial_that_contradicts_itself_is_refused(change, message):
    with pytest.raises(BenchmarkInputError, match=message):
        dataclasses.replace(done(), **change)


def test_a_row_with_any_field_changed_is_refused():
    for record in (dataclasses.replace(done(), space="curated", genotype=(1,)), result()):
        row = to_row(record)
        assert from_row(type(record), row) == record
        for name, value in row.items():
            other = "x" if value is None else value + "0" if isinstance(value, str) else value + 1
            with pytest.raises(BenchmarkInputError, match="its checksum is not that of its content"):
                from_row(type(record), row | {name: other})
            with pytest.raises(BenchmarkInputError, match=f"{name} is"):
                from_row(type(record), row | {name: b"bytes"})
