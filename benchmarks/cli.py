"""`accelnas`: the command line.  Each subcommand is a typed function in `benchmarks.commands`."""

from __future__ import annotations

import contextlib
import errno
import importlib.metadata
import io
import itertools
import os
import sys
import typing
from collections.abc import Sequence
from typing import Any

import tyro

from benchmarks.commands.compare import compare
from benchmarks.commands.cost import cost
from benchmarks.commands.curate_compare import curate_compare
from benchmarks.commands.examples import with_examples
from benchmarks.commands.expert import expert
from benchmarks.commands.export import export
from benchmarks.commands.list import list_names
from benchmarks.commands.measure import measure
from benchmarks.commands.predict import predict
from benchmarks.commands.prepare import prepare
from benchmarks.commands.reproduce import reproduce
from benchmarks.commands.search import search
from benchmarks.commands.table import table
from benchmarks.commands.train import train
from benchmarks.commands.trials import trials
from benchmarks.commands.verify import verify
from benchmarks.deferred import deferred
from benchmarks.errors import INPUT_ERRORS, BenchmarkInputError, NoResultError, report, report_input
from benchmarks.runtime.resources import Resources

COMMANDS = {
    "reproduce": reproduce,
    "search": search,
    "compare": compare,
    "curate-compare": curate_compare,
    "expert": expert,
    "train": train,
    "export": export,
    "predict": predict,
    "trials": trials,
    "verify": verify,
    "table": table,
    "cost": cost,
    "measure": measure,
    "prepare": prepare,
    "list": list_names,
}
_DESCRIPTION = "Search for networks that suit an accelerator, and know what networks cost on it."
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
"""What the machine lacks, where most other faults of files are those of the paths that were given."""
ANEW = (("compare",), ("curate-compare",), ("trials", "verify"))
"""Commands that keep nothing until they end, beside those with --table."""


def main() -> None:
    """Run a subcommand: exit code 1 where it comes to nothing, 2 for bad input, 130 when interrupted, and a line."""
    # text that the terminal or the file behind a pipe cannot show must not end a run
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # XLA's remarks on its own compiling stand between results otherwise; its errors are raised all the same
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a subcommand, in this process; its exit code."""
    try:
        Resources.from_environment()
        if any("\0" in argument for argument in arguments):  # which no path and no name may hold
            raise BenchmarkInputError("an argument holds a NUL character; allowed: texts without")
        if list(arguments) == ["--version"]:
            print(f"accelnas {importlib.metadata.version('accelnas')}")
            return 0
        call = _read(arguments)
        while callable(call):  # the call of a command with actions gives that of its action
            call = call()
    except SystemExit as stop:
        if stop.code is None or isinstance(stop.code, int):
            return stop.code or 0
        report(stop.code)
        return 1
    except INPUT_ERRORS as error:
        report_input(error)
        return 2
    except NoResultError as error:
        report(error)
        return 1
    except KeyboardInterrupt:
        report(f"stopped{_goes_on(arguments)}")
        return 130
    except BrokenPipeError:
        # whoever read our output has closed it; nothing more can be said there
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        report(f"{where}{error.strerror or error}")
        return 1 if error.errno in FULL else 2
    except MemoryError:
        report(f"out of memory{_goes_on(arguments)}")
        return 1
    return 0


def _goes_on(arguments: Sequence[str]) -> str:
    """What is said of a command that was stopped, "" of one that begins anew."""
    anew = any(tuple(arguments[: len(words)]) == words for words in ANEW)
    if anew or any(each.partition("=")[0] == "--table" for each in arguments):
        return ""
    return "; what was finished is kept, and the same command goes on from there"


def _read(arguments: Sequence[str]) -> Any:
    """The call that the arguments stand for.  Raises SystemExit after --help, BenchmarkInputError for wrong ones."""
    said, shown = io.StringIO(), io.StringIO()
    _check_once(arguments)
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(shown):
            commands = {name: deferred(command) for name, command in COMMANDS.items()}
            return tyro.extras.subcommand_cli_from_dict(
                commands, prog="accelnas", description=_DESCRIPTION, args=list(arguments)
            )
    except SystemExit as stop:
        if not stop.code:
            print(with_examples(shown.getvalue(), arguments), end="")
            raise
        raise BenchmarkInputError(_first_part(said.getvalue())) from None


def _check_once(arguments: Sequence[str]) -> None:
    """Raise BenchmarkInputError for an option given twice, of which the parser would take the last without a word."""
    # the parser takes either of --latency-ms and --latency_ms
    given = [each.partition("=")[0].replace("_", "-") for each in arguments if each.startswith("--")]
    twice = [option for option in given if given.count(option) > 1]
    if not twice:
        return
    command = COMMANDS.get(arguments[0])
    hints = typing.get_type_hints(command, include_extras=True) if command else {}
    for option in twice:
        hint = hints.get(option.removeprefix("--").replace("-", "_"))
        if tyro.conf.UseAppendAction not in getattr(hint, "__metadata__", ()):
            raise BenchmarkInputError(f"{option[:40]} is given twice; allowed: once, with all its values behind it")


def _first_part(box: str) -> str:
    """Of the box that tyro draws around an error: what it says before the first rule, and an option that is like it."""
    lines = [line.strip("│ \n") for line in box.splitlines() if line.startswith("│")]
    if not lines:  # where nothing but ASCII can be written there is no box, but a title and a rule
        lines = [line.strip() for line in box.splitlines()[2:]]
    rules = [place for place, line in enumerate(lines) if line.startswith(("──", "-----"))]
    first = " ".join(lines[: rules[0]] if rules else lines)
    hints = [after.split()[0] for line, after in itertools.pairwise(lines) if line.startswith("Perhaps you meant")]
    if len(rules) > 1 and lines[rules[0] + 1].startswith("Available subcommands"):
        names = " ".join(lines[rules[0] + 1 : rules[1]]).partition(": ")[2]
        given = first.partition(": ")[2].split(",")[0]
        return f"unknown command {given!r}; see accelnas --help; allowed: {names}"
    return "; ".join([first, *(f"did you mean {each}?" for each in hints), "see accelnas --help"])


if __name__ == "__main__":
    main()
