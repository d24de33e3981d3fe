""".tflite files run in LiteRT, the interpreter that boards have, on this machine's CPU."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from tasks.errors import TaskInputError


@contextlib.contextmanager
def export_extra() -> Iterator[None]:
    """Around imports of what the extra `export` installs.  Raises TaskInputError saying how where it is missing."""
    try:
        yield
    except ImportError as error:
        raise TaskInputError(f"{error}; allowed: with what `pip install 'accelnas[export]'` installs") from error


def check_extra() -> None:
    """Raise TaskInputError where what the extra `export` installs is missing."""
    for name in ("ai_edge_litert", "ai_edge_quantizer"):
        with export_extra():
            if importlib.util.find_spec(name) is None:
                raise ImportError(f"No module named {name!r}")


def run_tflite(content: bytes, images: np.ndarray) -> np.ndarray:
    """A file's output float32 [N, h, w, channels] for normalised images float32 [N, H, W, C], one at a time.

    What goes into a quantised file is quantised first, and its output made numbers again, by the file's own scales.
    Raises TaskInputError where LiteRT is not installed.
    """
    interpreter = make_interpreter(content)
    (entry,), (exit_,) = interpreter.get_input_details(), interpreter.get_output_details()
    found = np.empty((len(images), *exit_["shape"][1:]), np.float32)
    for place, image in enumerate(images):
        interpreter.set_tensor(entry["index"], stored(image[None], entry))
        interpreter.invoke()
        found[place] = numbers(interpreter.get_tensor(exit_["index"])[0], exit_)
    return found


def make_interpreter(content: bytes, *, keep_all: bool = False) -> Any:
    """An interpreter of one thread, ready to run.  keep_all: every tensor may be read afterwards, not only the output.

    Raises TaskInputError where LiteRT is not installed.
    """
    with export_extra():
        from ai_edge_litert.interpreter import Interpreter
    with silent():
        interpreter = Interpreter(model_content=content, num_threads=1, experimental_preserve_all_tensors=keep_all)
        interpreter.allocate_tensors()
    return interpreter


def stored(values: np.ndarray, tensor: dict[str, Any]) -> np.ndarray:
    """Float numbers as a tensor of LiteRT's details stores them."""
    if tensor["dtype"] == np.float32:
        return values.astype(np.float32)
    scale, zero = tensor["quantization"]
    limits = np.iinfo(tensor["dtype"])
    return np.clip(np.round(values / scale + zero), limits.min, limits.max).astype(tensor["dtype"])


def numbers(values: np.ndarray, tensor: dict[str, Any]) -> np.ndarray:
    """The inverse of `stored`: float32."""
    if tensor["dtype"] == np.float32:
        return values
    scale, zero = tensor["quantization"]
    return (values.astype(np.float32) - zero) * np.float32(scale)


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Hide what is said meanwhile: LiteRT tells of every interpreter it makes, and that keeping all takes memory."""
    sys.stderr.flush()
    ours, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.dup2(ours, 2)
        os.close(ours)
        os.close(nowhere)
