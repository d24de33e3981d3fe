"""`accelnas predict`: what a trained network sees in an image."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import tyro

from benchmarks.errors import BenchmarkInputError
from benchmarks.home import check_folders


def predict(
    folder: tyro.conf.Positional[Path],
    image: tyro.conf.Positional[Path],
    model: Literal["weights", "float", "int8"] = "weights",
    output: Path | None = None,
) -> None:
    """Print and draw what a trained network predicts of an image, stretched to the size of its training images.

    Args:
        folder: What `accelnas train` kept of a network (its option save).
        image: JPEG, PNG or another file that Pillow reads.
        model: What predicts: the trained weights, or a .tflite file that `accelnas export` wrote, in LiteRT.
        output: PNG to write, a new file; FOLDER/IMAGE-MODEL.png if left out.
    """
    target = folder / f"{image.stem[:100]}-{model}.png" if output is None else output
    if target.exists():
        raise BenchmarkInputError(f"{target} is there; allowed: a new file (--output)")
    check_folders(target.parent)
    # jax takes seconds to load, which `accelnas --help` need not pay
    from benchmarks.saved.drawn import draw_prediction, read_image
    from benchmarks.saved.folder import read_saved

    saved = read_saved(folder)
    words = draw_prediction(saved, read_image(image, saved.task.channels), model, target)
    print("\n".join(words or ("Nothing is found.",)))
    print(f"Written to {target}")
