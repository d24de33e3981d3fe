"""What a trained network sees in somebody's image."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import jax
import numpy as np
from PIL import Image

from benchmarks.errors import BenchmarkInputError
from benchmarks.saved.export import file_predictions
from benchmarks.saved.folder import Saved
from tasks.data.user.images import UnusableError, flatten, load_image
from tasks.drawing import write_image
from tasks.sides import height_width
from tasks.training import TrainState, fit_images, predict

LONGEST, SHORTEST = 1024, 256
"""Pixels of a drawing: a larger image is reduced, one whose longer side is shorter enlarged by a whole factor."""


def read_image(path: Path, channels: int) -> np.ndarray:
    """An image uint8 [H, W, channels], made of its file as data that are brought are.

    Raises BenchmarkInputError for what is no image, or a damaged one.
    """
    try:
        found = flatten(load_image(path), channels)
    except UnusableError as error:
        raise BenchmarkInputError(f"{str(path)[:100]!r} is no image that can be read: {error}") from error
    return np.asarray(found, np.uint8).reshape(found.height, found.width, channels)


def draw_prediction(
    saved: Saved, image: np.ndarray, model: Literal["weights", "float", "int8"], path: Path
) -> tuple[str, ...]:
    """Write a PNG of the image with what the network predicts of it, and return that in words (`Task.words`).

    Raises BenchmarkInputError where the weights or the file of the model are not there.
    """
    blocks, task = saved.blocks, saved.task
    # to the side of the data first, as a network of another input size meets its training images
    picture = Image.fromarray(image.squeeze(-1) if task.channels == 1 else image)
    height, width = height_width(task.side_pixels)
    resized = np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))
    resized = resized.reshape(1, height, width, task.channels)
    if model == "weights":
        state = TrainState(saved.variables["params"], saved.variables["batch_stats"], None)
        found = predict(blocks, task, state, resized)
    else:
        file = saved.folder / f"{model}.tflite"
        if not file.is_file():
            raise BenchmarkInputError(f"{file}: no such file; `accelnas export {saved.folder}` writes it")
        found = file_predictions(file.read_bytes(), task, fit_images(blocks, resized))
    picture.thumbnail((LONGEST, LONGEST))  # only now, as data are stretched once from what they are
    drawn = np.asarray(picture).reshape(picture.height, picture.width, task.channels)
    own = jax.tree.map(lambda leaf: leaf[0], found)
    write_image(path, task.draw(drawn, own, max(1, -(-SHORTEST // max(picture.size)))))
    return task.words(own)
