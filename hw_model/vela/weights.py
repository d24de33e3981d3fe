"""What may be assumed of a network's weights, whose values the compiler compresses.

Each assumption is 256 equally likely int8 values to draw from.  The default is that of `hw_model.vela.tflite_writer`.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from ethosu.vela.tflite.Model import Model
from ethosu.vela.tflite.TensorType import TensorType

from hw_model.errors import HardwareInputError, short
from hw_model.file_format import read_tflite
from hw_model.vela.tflite_writer import NORMAL_STEPS, WEIGHT_STD

RATIOS = (0.15, 1.2)
"""Bytes of the weights as stored over their number, that a spread can be found for."""
_NARROWEST, _WIDEST = 0.3, 80.0
_HALVINGS = 7
_FEWEST = 100
_ALLOWED = "a file, ratio R, sparse P, uniform, or on the command line range"
_SHARES = (np.arange(256) + 0.5) / 256


class WeightValues(NamedTuple):
    """What a network's weights are drawn from."""

    words: str
    """For people."""
    steps: np.ndarray
    """int8[256], equally likely."""


DEFAULT = WeightValues(f"normal, standard deviation {WEIGHT_STD:.0f} in int8", NORMAL_STEPS)


def weight_values(given: Sequence[str], stored: Callable[[np.ndarray], float]) -> WeightValues:
    """What is assumed for a choice of words: none, a file, "sparse" and a share, "ratio" and a number.

    A file (.npy, .npz, int8 .tflite) gives the distribution of its weights, all of them together.  "uniform": all int8
    values, which can hardly be compressed.  "sparse" P: that
    share is zero, the others are as by default.  "ratio" R: as wide a normal distribution as the compiler stores in R
    of its bytes, found with `stored`, which tells what it stores a network of such values in.
    Raises HardwareInputError for other words, and for a ratio that no spread comes near to.
    """
    if not given:
        return DEFAULT
    if [*given] == ["uniform"]:
        return WeightValues("every int8 value as likely", np.arange(-128, 128).astype(np.int8))
    if given[0] == "sparse" and len(given) == 2:
        share = _number(given[1], "sparse", 0, 1)
        zeros = round(256 * share)
        steps = np.zeros(256, np.int8)
        steps[zeros:] = _quantiles(NormalDist(0, WEIGHT_STD), 256 - zeros)
        return WeightValues(f"{zeros / 256:.0%} zeros, the others {DEFAULT.words}", steps)
    if given[0] == "ratio" and len(given) == 2:
        return _of_ratio(_number(given[1], "ratio", *RATIOS), stored)
    if len(given) == 1 and os.path.exists(given[0]):  # False, not an error, for what can be no path
        return _of_file(Path(given[0]))
    no_file = ", and there is no such file" if len(given) == 1 else ""
    raise HardwareInputError(f"weights are {short(' '.join(given), 100)}{no_file}; allowed: {_ALLOWED}")


def _quantiles(distribution: NormalDist, count: int) -> np.ndarray:
    shares = (np.arange(count) + 0.5) / max(count, 1)
    return np.clip([round(distribution.inv_cdf(float(share))) for share in shares], -127, 127).astype(np.int8)


def _number(text: str, name: str, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise HardwareInputError(f"weights {name} {short(text)}; allowed: numbers from {least:g} to {most:g}")
    return value


def _of_ratio(ratio: float, stored: Callable[[np.ndarray], float]) -> WeightValues:
    low, high = np.log(_NARROWEST), np.log(_WIDEST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if stored(_quantiles(NormalDist(0, float(np.exp(middle))), 256)) > ratio:
            high = middle
        else:
            low = middle
    std = float(np.exp((low + high) / 2))
    steps = _quantiles(NormalDist(0, std), 256)
    if abs(stored(steps) / ratio - 1) > 0.1:
        least, most = (stored(_quantiles(NormalDist(0, each), 256)) for each in (_NARROWEST, _WIDEST))
        raise HardwareInputError(
            f"weights ratio {ratio:g}: this network's are stored in {least:.2f} to {most:.2f} of their bytes; allowed: "
            "ratios between these"
        )
    return WeightValues(f"normal, standard deviation {std:.3g} in int8", steps)


def _of_file(path: Path) -> WeightValues:
    try:
        if path.suffix in (".npy", ".npz"):
            with path.open("rb") as file, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of NumPy on what is in the file, whose numbers are checked below
                loaded = np.load(file, allow_pickle=False)
                arrays = [loaded] if isinstance(loaded, np.ndarray) else [loaded[name] for name in loaded.files]
        else:
            arrays = _of_tflite(read_tflite(path) or b"")
        values = [_as_int8(array) for array in arrays if array.ndim >= 2]
    except HardwareInputError:
        raise
    except Exception as error:  # whatever a damaged archive raises
        raise HardwareInputError(f"weights {path} cannot be read: {' '.join(str(error).split())}"[:250]) from error
    together = np.concatenate(values) if values else np.zeros(0, np.int8)
    if len(together) < _FEWEST:
        raise HardwareInputError(
            f"weights {path} has {len(together)} numbers in arrays of two axes and more; allowed: {_FEWEST} and more "
            "in .npy, .npz or an int8 .tflite file"
        )
    steps = np.quantile(together, _SHARES, method="inverted_cdf").astype(np.int8)
    return WeightValues(f"distributed as the {len(together):,} of {path.name}", steps)


def _as_int8(array: np.ndarray) -> np.ndarray:
    """Flat; floats are quantised by the array's largest absolute value."""
    if array.dtype == np.int8:
        return array.reshape(-1)
    if array.dtype.kind not in "iuf":
        raise HardwareInputError(f"an array of the weights is of {short(array.dtype)}; allowed: real numbers")
    with np.errstate(all="ignore"):  # what is larger than float64 holds becomes infinite
        flat = array.astype(np.float64).reshape(-1)
    if not np.isfinite(flat).all():
        raise HardwareInputError("an array of the weights holds numbers that are not finite; allowed: finite numbers")
    largest = np.abs(flat).max(initial=0)
    # divided first, as 127 / largest is infinite for the least floats
    return np.round(flat / (largest or 1) * 127).astype(np.int8)


def _of_tflite(content: bytes) -> list[np.ndarray]:
    """Constant int8 tensors of two axes and more."""
    if not content:
        return []
    model: Any = Model.GetRootAs(bytearray(content), 0)
    graph, found = model.Subgraphs(0), []
    for tensor in (graph.Tensors(place) for place in range(graph.TensorsLength())):
        data = model.Buffers(tensor.Buffer()).DataAsNumpy()
        if tensor.Type() == TensorType.INT8 and not isinstance(data, int) and tensor.ShapeLength() >= 2:
            found.append(data.view(np.int8).reshape(tensor.ShapeAsNumpy()))
    return found
