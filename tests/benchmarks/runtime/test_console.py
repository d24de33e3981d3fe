"""Tables for people: as wide as there is room, what is alike said once, what does not fit named."""

import math

import pandas as pd

from benchmarks.runtime.console import frame_lines

FRAME = pd.DataFrame({"task": ["detection"] * 2, "name": ["a", "b"], "ms": [1.0, math.nan], "long_column": [1, 2]})


def test_what_is_one_value_for_all_rows_is_said_once_and_no_nan_is_printed():
    lines = frame_lines(FRAME, 80)
    assert lines[0] == "For all: task detection"
    assert [line.split() for line in lines[1:]] == [["name", "ms", "long_column"], ["a", "1", "1"], ["b", "-", "2"]]
    assert frame_lines(FRAME.iloc[:1], 80)[0].split() == ["task", "name", "ms", "long_column"]


def test_columns_that_do_not_fit_are_named_and_not_wrapped():
    lines = frame_lines(FRAME, 10)
    assert [line.split() for line in lines[1:-1]] == [["name", "ms"], ["a", "1"], ["b", "-"]]
    assert lines[-1] == "No room for long_column; the file has them."
