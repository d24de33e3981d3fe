"""Truth and prediction side by side, in one PNG."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

SCALE = 2  # how many times a picture is enlarged
COLUMNS = 4
GAP = 4


def write_pairs(pairs: list[tuple[Image.Image, Image.Image]], path: Path) -> None:
    """Write a PNG of pairs of equal pictures, truth left of prediction, four pairs a row."""
    width, height = pairs[0][0].width * 2 + 3 * GAP, pairs[0][0].height + 2 * GAP
    rows = -(-len(pairs) // COLUMNS)
    sheet = Image.new("RGB", (min(len(pairs), COLUMNS) * width, rows * height), "white")
    for index, (truth, found) in enumerate(pairs):
        row, column = divmod(index, COLUMNS)
        left, top = column * width + GAP, row * height + GAP
        sheet.paste(truth, (left, top))
        sheet.paste(found, (left + truth.width + GAP // 2, top))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, format="PNG")
