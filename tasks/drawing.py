"""Images with something drawn in, and truth and prediction side by side in one PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hw_model.files import write_whole

SCALE = 2  # how many times an image is enlarged
COLUMNS = 4
GAP = 4
HEADER = 16  # pixels above each pair


def enlarged(image: np.ndarray, scale: int = SCALE) -> Image.Image:
    """Image uint8 [H, W, 1 or 3] in colour, each pixel scale x scale times."""
    colour = np.broadcast_to(image, (*image.shape[:2], 3))
    return Image.fromarray(colour.repeat(scale, 0).repeat(scale, 1))


def write_pairs(pairs: list[tuple[Image.Image, Image.Image]], path: Path, notes: Sequence[str] = ()) -> None:
    """Write a PNG of pairs of equal images, truth left of prediction, four pairs a row.

    notes: to stand behind "prediction" over each pair, such as its quality.
    """
    width, height = pairs[0][0].width * 2 + 3 * GAP, pairs[0][0].height + 2 * GAP + HEADER
    rows = -(-len(pairs) // COLUMNS)
    sheet = Image.new("RGB", (min(len(pairs), COLUMNS) * width, rows * height), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for index, (truth, found) in enumerate(pairs):
        row, column = divmod(index, COLUMNS)
        left, top = column * width + GAP, row * height + GAP + HEADER
        right = left + truth.width + GAP // 2
        draw.text((left, top - HEADER), "truth", fill="black", font=font)
        draw.text((right, top - HEADER), ", ".join(["prediction", *notes[index : index + 1]]), fill="black", font=font)
        sheet.paste(truth, (left, top))
        sheet.paste(found, (right, top))
    write_image(path, sheet)


def write_image(path: Path, image: Image.Image) -> None:
    """Write it as PNG, whole or not at all."""
    drawn = io.BytesIO()
    image.save(drawn, format="PNG")
    write_whole(path, drawn.getvalue())
