"""A trained network as a float and an int8 .tflite file: what each is good for, and what the trained weights cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.errors import NoResultError
from hw_model.blocks import Block
from hw_model.predict import predict
from hw_model.vela.accelerators import get_accelerator
from hw_model.vela.tflite_file import compile_tflite
from hw_model.vela.tflite_float import write_float_tflite
from tasks.deployment.litert import run_tflite
from tasks.deployment.quantise import quantise
from tasks.networks.blocks import ChainNetwork
from tasks.networks.fold import fold
from tasks.task import Task
from tasks.training import EVAL_BATCH, fit_images, full_batches, normalise_images

CALIBRATION = 128
"""Training images that activations' ranges are taken from."""
TOLERANCE = 1e-4
"""Most that an output of the float file may differ from JAX's, or this share of the largest output if that is more."""


class Exported(NamedTuple):
    """A network's files and what they are good for."""

    float_file: bytes
    """A .tflite file, float32 throughout."""
    int8_file: bytes
    """The same in int8, both ends too."""
    float_quality: dict[str, float]
    """Of the float file in LiteRT, by metric."""
    int8_quality: dict[str, float]
    """Of the int8 file in LiteRT, by metric."""
    difference: float
    """Largest of any output between the float file and JAX."""


class Compiled(NamedTuple):
    """The int8 file on an accelerator."""

    accelerator: str
    """Its name."""
    searched_ms: float
    """What a search was told: the cost model's estimate for the network."""
    exported_ms: float
    """What the compiler says of the file with its trained weights."""
    peak_activation_bytes: int
    """Likewise."""
    on_cpu: int
    """Operators that the compiler leaves to the host."""


def export_network(
    blocks: tuple[Block, ...],
    task: Task,
    variables: dict[str, Any],
    calibration: np.ndarray,
    test: Any,
    progress: Callable[[str], None] = lambda doing: None,
) -> Exported:
    """Write both files, and run them on test examples of the task, one after the other.

    calibration: training images uint8 [n, H, W, C].  progress: told what is begun.
    Raises NoResultError where the float file and JAX differ, TaskInputError where the extra `export` is missing.
    """
    images = fit_images(blocks, test.images)
    float_file = write_float_tflite(blocks, fold(blocks, variables))
    first = images[:EVAL_BATCH]
    progress("float file")
    apply = jax.jit(partial(ChainNetwork(blocks).apply, train=False))
    wanted = np.asarray(apply(variables, normalised(first)))
    difference = float(np.abs(run_tflite(float_file, normalised(first)) - wanted).max())
    most = TOLERANCE * max(1.0, float(np.abs(wanted).max()))
    if not difference <= most:
        raise NoResultError(f"the float file's outputs differ from JAX's by {difference:.3g}; allowed: {most:.3g}")
    float_quality = file_quality(float_file, task, images, test)
    progress("int8 file")
    int8_file = quantise(float_file, normalised(fit_images(blocks, calibration)))
    return Exported(float_file, int8_file, float_quality, file_quality(int8_file, task, images, test), difference)


def file_quality(content: bytes, task: Task, images: np.ndarray, test: Any) -> dict[str, float]:
    """Of a file in LiteRT on examples, whose images are given as the network takes them."""
    return task.quality(test, file_predictions(content, task, images))


def file_predictions(content: bytes, task: Task, images: np.ndarray) -> Any:
    """As `tasks.training.predict`, of a file in LiteRT; images uint8 [N, H, W, C] as it takes them."""
    chunks = (images[start : start + EVAL_BATCH] for start in range(0, len(images), EVAL_BATCH))
    outputs = np.concatenate([run_tflite(content, normalised(chunk)) for chunk in chunks])
    to_predictions = jax.jit(task.predict)
    pieces = [
        jax.tree.map(np.asarray, to_predictions(batch))
        for batch in full_batches(outputs, min(EVAL_BATCH, len(outputs)))
    ]
    return jax.tree.map(lambda *parts: np.concatenate(parts)[: len(outputs)], *pieces)


def normalised(images: np.ndarray) -> np.ndarray:
    """Images uint8 as networks take them: float32."""
    return np.asarray(normalise_images(jnp.asarray(images)))


def compile_exported(blocks: tuple[Block, ...], int8_file: bytes, accelerators: Sequence[str]) -> list[Compiled]:
    """What the file costs on each accelerator, beside what a search was told of the network.

    Raises HardwareInputError for accelerators without a compiler.
    """
    found = []
    for name in accelerators:
        cost = compile_tflite(int8_file, get_accelerator(name))
        searched = float(predict(blocks, name).cost.latency_ms)
        peak = cost.peak_activation_bytes
        found.append(Compiled(name, searched, cost.latency_ms, peak, sum(cost.on_cpu.values())))
    return found
