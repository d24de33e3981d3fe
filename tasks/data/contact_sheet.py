"""An image to evaluate scenes by: many of them side by side, with their boxes, masks and class names drawn in."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tasks.data.scenes import IGNORED, Scenes
from tasks.drawing import write_image
from tasks.errors import TaskInputError

_SCALE = 3
_COLUMNS = 6
_GAP = 6
# The colours of objects 1 to 4, then again: far apart, also for those who tell red from green badly.
_COLOURS = np.array([[255, 194, 10], [64, 176, 255], [255, 90, 160], [90, 255, 140]], np.uint8)


def write_contact_sheet(scenes: Scenes, path: Path, class_names: Sequence[str], n: int = 24) -> None:
    """Write a PNG of the first ``n`` scenes: each object's mask outlined, its box and class name in the same colour.

    Raises:
        TaskInputError: there are fewer than ``n`` scenes, or ``n`` is not positive.
    """
    if not 1 <= n <= len(scenes):
        raise TaskInputError(f"a contact sheet of {n} scenes cannot be drawn; allowed: 1 to {len(scenes)}")
    tile = scenes.images.shape[1] * _SCALE + _GAP
    rows = -(-n // _COLUMNS)
    sheet = Image.new("RGB", (min(n, _COLUMNS) * tile + _GAP, rows * tile + _GAP), "white")
    for index in range(n):
        row, column = divmod(index, _COLUMNS)
        sheet.paste(_tile(scenes, index, class_names), (_GAP + column * tile, _GAP + row * tile))
    write_image(path, sheet)


def _tile(scenes: Scenes, index: int, class_names: Sequence[str]) -> Image.Image:
    pixels = scenes.images[index].repeat(_SCALE, 0).repeat(_SCALE, 1)
    instances = scenes.instances[index].repeat(_SCALE, 0).repeat(_SCALE, 1)
    outline = _outline(instances)
    pixels[outline] = _COLOURS[(instances[outline] - 1) % len(_COLOURS)]
    tile = Image.fromarray(pixels)
    draw = ImageDraw.Draw(tile)
    font = ImageFont.load_default(13)
    for k, (box, label) in enumerate(zip(scenes.boxes[index], scenes.labels[index], strict=True)):
        if label < 0:
            continue
        top, left, bottom, right = (round(float(edge) * tile.width) for edge in box)
        fill = tuple(int(channel) for channel in _COLOURS[k % len(_COLOURS)])
        draw.rectangle((left, top, right - 1, bottom - 1), outline=fill)
        name = str(class_names[label])
        place = (min(left + 2, tile.width - draw.textlength(name, font) - 2), top - 16 if top >= 16 else top + 1)
        draw.text(place, name, fill=fill, font=font, stroke_width=2, stroke_fill="black")
    return tile


def _outline(instances: np.ndarray) -> np.ndarray:
    """Mark the pixels of objects that touch a pixel of something else; bool, same shape."""
    padded = np.pad(instances, 1)
    neighbours = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    return (
        (instances > 0) & (instances != IGNORED) & np.any([neighbour != instances for neighbour in neighbours], axis=0)
    )
