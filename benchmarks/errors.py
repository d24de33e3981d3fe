"""The error for input that the benchmarks cannot work with, and the line for what they leave out."""

from __future__ import annotations

import sys


class BenchmarkInputError(ValueError):
    """Settings, a file or a value that is not allowed; the message is one line that says what is."""


def report_skipped(what: str) -> None:
    """Say on stderr, in one line, what is left out and why."""
    print(f"accelnas: skipped {' '.join(what.split())[:280]}", file=sys.stderr)
