"""The command line, as tests run it."""

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

from benchmarks.cli import main

COMMAND = str(Path(sys.executable).parent / "accelnas")
Told = tuple[int, str, str]
"""Exit code, output and errors."""


def accelnas(*arguments: object) -> Told:
    """What the command says, run in this process: one of its own takes seconds to start."""
    printed, errors = io.StringIO(), io.StringIO()
    code = 0
    with (
        mock.patch.object(sys, "argv", ["accelnas", *map(str, arguments)]),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(errors),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int)
    return code, printed.getvalue(), errors.getvalue()


def refused(*arguments: object) -> str:
    """The one line with which the command refuses its arguments, having printed nothing."""
    code, printed, errors = accelnas(*arguments)
    assert (code, printed) == (2, "")
    assert errors.startswith("accelnas: ")
    assert len(errors.strip().splitlines()) == 1
    return errors


def accelnas_process(*arguments: object, **environment: str) -> Told:
    """The same in a process of its own."""
    command = [COMMAND, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)
    return done.returncode, done.stdout, done.stderr
