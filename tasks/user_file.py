"""A Python file that a user brings is run here, and what goes wrong in it is one line that names it."""

from __future__ import annotations

import contextlib
import importlib.util
from pathlib import Path
from types import ModuleType

from hw_model.errors import raised
from tasks.errors import TaskInputError


def run_file(path: Path, label: str, allowed: str) -> ModuleType:
    """The module that a Python file makes.

    label: what messages call it.  allowed: what it must be.  Raises TaskInputError, beginning with the label, where
    there is no such file and where running it raises.
    """
    specification = None
    with contextlib.suppress(OSError, ValueError):  # a path that cannot be one
        if path.is_file():
            specification = importlib.util.spec_from_file_location(path.stem, path)
    if specification is None or specification.loader is None:
        raise TaskInputError(f"{label} does not exist; allowed: {allowed}")
    module = importlib.util.module_from_spec(specification)
    try:
        specification.loader.exec_module(module)
    except TaskInputError as error:
        raise TaskInputError(f"{label}: {error}") from error
    except (Exception, SystemExit) as error:  # a user's file may raise anything
        raise TaskInputError(f"{label} cannot be run: {raised(error)}") from error
    return module
