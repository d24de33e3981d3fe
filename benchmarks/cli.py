"""`accelnas`: the command line.  Each subcommand is a typed function in `benchmarks.commands`."""

from __future__ import annotations

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
from benchmarks.errors import BenchmarkInputError
from hw_model.errors import HardwareInputError
from nas_algos.errors import AlgorithmInputError
from tasks.errors import TaskInputError

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
INPUT_ERRORS = (BenchmarkInputError, HardwareInputError, TaskInputError, AlgorithmInputError)


def main() -> None:
    """Run a subcommand: exit code 2 and one line for bad input, 130 when interrupted."""
    try:
        tyro.extras.subcommand_cli_from_dict(COMMANDS, prog="accelnas", description=__doc__)
    except INPUT_ERRORS as error:
        print(f"accelnas: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("accelnas: stopped; what was finished is kept, and the same command goes on from there", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        # whoever read our output has closed it; nothing more can be said there
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
