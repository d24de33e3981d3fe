"""What long work shows of itself, on a terminal and off it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from benchmarks.runtime.progress import SearchProgress, format_seconds


def test_progress_off_a_terminal_is_a_plain_line_for_each_trial_that_begins_or_ends():
    output = io.StringIO()
    with SearchProgress("V1", total=2, console=Console(file=output, width=40)) as progress:
        progress.running("a", 0.0, "ibn [8, 16], longer than the console is wide")
        progress.running("a", 0.5, "ibn [8, 16], longer than the console is wide")
        progress.finished("a", "ibn [8, 16] mAP 0.31, longer than the console is wide")
        progress.finished("b", "reused", reused=True)
    assert output.getvalue().splitlines() == [
        "[0/2] begins: ibn [8, 16], longer tha...",
        "[1/2] ibn [8, 16] mAP 0.31, longer than the console is wide",
        "[2/2] reused",
    ]


def test_off_a_terminal_no_half_minute_goes_by_without_a_line():
    output, now = io.StringIO(), 0.0
    progress = SearchProgress("V1", total=4, console=Console(file=output, width=80), clock=lambda: now)
    now = 29.0
    progress.still_running()
    assert output.getvalue() == ""
    now = 30.0
    progress.still_running()
    assert output.getvalue() == "[0/4] running: nothing yet; 0:30 gone, -:-- left\n"
    progress.running("a", 0.5, "ibn")
    now = 59.0
    progress.still_running()
    now = 60.0
    progress.still_running()
    assert output.getvalue().splitlines()[1:] == [
        "[0/4] begins: ibn",
        "[0/4] running: 50%; 1:00 gone, 7:00 left",
    ]


def test_progress_on_a_terminal_shows_the_trials_that_run():
    output = io.StringIO()
    with SearchProgress("V1", total=2, console=Console(file=output, force_terminal=True, width=100)) as progress:
        progress.running("a", 0.25, "ibn [8, 16]")
    assert "ibn [8, 16]" in output.getvalue()
    assert "25%" in output.getvalue()
    assert "0/2" in output.getvalue()


def test_the_time_left_comes_from_trials_that_ran_and_not_from_reused_ones():
    now = 0.0
    progress = SearchProgress("V1", total=10, console=Console(file=io.StringIO()), clock=lambda: now)
    assert progress.pace().seconds_left() is None
    for key in range(5):
        progress.finished(key, "reused", reused=True)
    assert progress.pace().seconds_left() is None
    now = 60.0
    progress.finished("a", "trained")
    progress.running("b", 0.5, "ibn")
    assert progress.pace().seconds_left() == pytest.approx(60 / 1.5 * 3.5)
    assert [format_seconds(value) for value in (None, 7.4, 750, 3723)] == ["-:--", "0:07", "12:30", "1:02:03"]


def test_trials_that_nobody_announced_are_counted_on_when_they_are_expected():
    output = io.StringIO()
    with SearchProgress("V1", total=1, console=Console(file=output, width=20)) as progress:
        progress.finished("a", "first")
        progress.expect_in_all(2)
        progress.finished("b", "second")
    assert output.getvalue() == "[1/1] first\n[2/2] second\n"
