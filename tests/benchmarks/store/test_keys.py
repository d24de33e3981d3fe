"""Settings as parts of keys."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.store.keys import plain
from tests.benchmarks.store.records import Plan, Settings


def test_settings_are_keys_in_full_and_what_says_nothing_of_itself_is_refused():
    given = {"settings": Settings(0.5, Plan(10, 0.1)), "sizes": np.arange(3), "seed": np.int64(2), "bounds": {"a": 1.5}}
    assert plain(given) == {
        "settings": {
            "class": "Settings",
            "warm_up": 0.5,
            "plan": {"class": "Plan", "steps": 10, "rate": 0.1},
            "sizes": [1, 2],
        },
        "sizes": [0, 1, 2],
        "seed": 2,
        "bounds": {"a": 1.5},
    }
    for value in (lambda: 0, object(), math.nan, math.inf, {1: 2}, {"deep": [print]}, np.array([math.nan])):
        with pytest.raises(BenchmarkInputError, match=r"^key\.x"):
            plain({"x": value})
