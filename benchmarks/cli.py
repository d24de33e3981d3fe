"""`accelnas`: the command line.  Each subcommand is a typed function in `benchmarks.commands`."""

from __future__ import annotations

import errno
import io
import os
import sys

import tyro

from benchmarks.commands.compare import compare
from benchmarks.commands.cost import cost
from benchmarks.commands.expert import expert
from benchmarks.commands.list import list_names
from benchmarks.commands.measure import measure
from benchmarks.commands.prepare import prepare
from benchmarks.commands.reproduce import reproduce
from benchmarks.commands.search import search
from benchmarks.commands.table import table
from benchmarks.commands.train import train
from benchmarks.commands.trials import trials
from benchmarks.errors import INPUT_ERRORS, NoResultError, report
from benchmarks.runtime.resources import Resources

COMMANDS = {
    "reproduce": reproduce,
    "search": search,
    "compare": compare,
    "expert": expert,
    "train": train,
    "trials": trials,
    "table": table,
    "cost": cost,
    "measure": measure,
    "prepare": prepare,
    "list": list_names,
}
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
"""What the machine lacks, where most other faults of files are those of the paths that were given."""


def main() -> None:
    """Run a subcommand: exit code 1 where it comes to nothing, 2 for bad input, 130 when interrupted, and a line."""
    # text that the terminal or the file behind a pipe cannot show must not end a run
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        Resources.from_environment()
        tyro.extras.subcommand_cli_from_dict(COMMANDS, prog="accelnas", description=__doc__)
    except INPUT_ERRORS as error:
        report(error)
        sys.exit(2)
    except NoResultError as error:
        report(error)
        sys.exit(1)
    except KeyboardInterrupt:
        report("stopped; what was finished is kept, and the same command goes on from there")
        sys.exit(130)
    except BrokenPipeError:
        # whoever read our output has closed it; nothing more can be said there
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        where = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        report(f"{where}{error.strerror or error}")
        sys.exit(1 if error.errno in FULL else 2)
    except MemoryError:
        report("out of memory; what was finished is kept, and the same command goes on from there")
        sys.exit(1)


if __name__ == "__main__":
    main()
