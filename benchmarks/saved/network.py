"""A network as a command is given it: a JSON or .tflite file, or a genotype of one of the tables' spaces."""

from __future__ import annotations

from pathlib import Path

from benchmarks.errors import BenchmarkInputError
from benchmarks.tables.query import named_space
from hw_model.file_format import read_tflite
from hw_model.network_file import Network, find_network, load_network
from tasks.task import Task


def network_of(given: Path, task: Task) -> Network:
    """The network of a file, or of "SPACE:GENOTYPE", such as "V3:1 0 1 1 1 1 1 1 1", as results/truth has them.

    Raises HardwareInputError for what is no network file, BenchmarkInputError for a .tflite file, BenchmarkInputError
    or TaskInputError for an unknown space and for a genotype outside it.
    """
    space_name, colon, choices = str(given).partition(":")
    if not colon or given.exists():
        if given.is_file() and read_tflite(given) is not None:
            raise BenchmarkInputError(f"{str(given)[-120:]!r} is a .tflite file; allowed here: a network in JSON")
        return load_network(given)
    space = named_space(task, space_name)
    try:
        genotype = tuple(int(choice) for choice in choices.replace(",", " ").split())
    except ValueError:
        raise BenchmarkInputError(
            f"genotype {choices[:60]!r} of {space_name}; allowed: {len(space.cardinalities)} whole numbers"
        ) from None
    return Network(f"{task.name} {space_name}", space.decode(genotype))


def any_network(given: Path) -> Network:
    """The network of a JSON or a .tflite file, or one that ships.

    Raises HardwareInputError for what is none, and for operators of a .tflite file that estimators do not know.
    """
    path = find_network(given)
    content = read_tflite(path)
    if content is None:
        return load_network(path)
    from hw_model.vela.tflite_reader import read_blocks  # the schema's classes take a moment to load

    return Network(path.name, read_blocks(content))
