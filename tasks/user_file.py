"""A Python file that a user brings is run here, and what goes wrong in it is one line that names it."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import sys
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
            digits = hashlib.sha256(bytes(path.resolve())).hexdigest()[:16]
            specification = importlib.util.spec_from_file_location(f"{path.stem}_{digits}", path)
    if specification is None or specification.loader is None:
        raise TaskInputError(f"{label} does not exist; allowed: {allowed}")
    module = importlib.util.module_from_spec(specification)
    sys.modules[module.__name__] = module  # where dataclasses look up what annotations mean
    try:
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a user's file may raise anything
        sys.modules.pop(module.__name__, None)
        said = f": {error}" if isinstance(error, TaskInputError) else f" cannot be run: {raised(error)}"
        raise TaskInputError(label + said) from error
    return module
