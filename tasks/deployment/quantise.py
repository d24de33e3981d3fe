"""A float .tflite file quantised to int8: weights by output channel, activations by what images make of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from hw_model.vela.tflite_float import activations
from tasks.deployment.litert import export_extra, make_interpreter, silent
from tasks.errors import TaskInputError

INPUT_RANGE = (-1.0, 1.0)
"""Of normalised images."""
LEAST_RANGE = 1e-3
"""Of an activation that no image wakes: with a scale of nothing biases behind it would leave the range of int32."""


def quantise(content: bytes, images: np.ndarray) -> bytes:
    """The int8 file of a float file of `write_float_tflite`, int8 at both ends too.

    images: normalised float32 [N, H, W, C] to calibrate on, training images.  A tensor's range is that of all of them:
    moving averages, the quantiser's own way, cut off what few images reach, among it the peaks of detectors' heat.
    Raises TaskInputError where the quantiser is not installed, and where there is no image.
    """
    if len(images) == 0:
        raise TaskInputError("no images to calibrate on; allowed: 1 and more")
    with export_extra():
        from ai_edge_quantizer import quantizer, recipe
    ranges: Any = {
        name: {
            "min": np.full((1, 1, 1, 1), low, np.float32),
            "max": np.full((1, 1, 1, 1), max(high, low + LEAST_RANGE), np.float32),
        }
        for name, (low, high) in calibrated_ranges(content, images).items()
    }
    with silent():
        result = quantizer.Quantizer(content, recipe.static_wi8_ai8()).quantize(ranges, enable_progress_report=False)
    assert result.quantized_model is not None
    return bytes(result.quantized_model)


def calibrated_ranges(content: bytes, images: np.ndarray) -> dict[str, tuple[float, float]]:
    """Least and largest value of each activation of a float file over the images, by the tensor's name."""
    interpreter = make_interpreter(content, keep_all=True)
    (entry,) = interpreter.get_input_details()
    places = activations(content)
    found = dict.fromkeys(places, (np.inf, -np.inf))
    for image in images:
        interpreter.set_tensor(entry["index"], image[None])
        interpreter.invoke()
        for name, place in places.items():
            values, (low, high) = interpreter.get_tensor(place), found[name]
            found[name] = (min(low, float(values.min())), max(high, float(values.max())))
    return found | {entry["name"]: INPUT_RANGE}
