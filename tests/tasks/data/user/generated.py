"""Generated files as people have them: images by class, COCO annotations, pairs of images and masks."""

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

COLOURS = {"circle": (220, 60, 40), "square": (40, 90, 220), "bar": (50, 180, 60)}
SHAPES = tuple(COLOURS)


def drawn(seed: int, shapes: tuple[str, ...], size: tuple[int, int] = (72, 60)):
    """Shapes over noise, the smaller over the larger: (image, mask of 1 + place in SHAPES, boxes x, y, w, h)."""
    generator = np.random.default_rng(seed)
    image = Image.fromarray(generator.integers(90, 160, (size[1], size[0], 3), np.uint8))
    mask = Image.new("L", size)
    boxes = []
    for shape in shapes:
        w, h = (int(generator.integers(16, 28)), int(generator.integers(16, 28)))
        if shape == "bar":
            h = max(4, h // 4)
        boxes.append([int(generator.integers(0, size[0] - w)), int(generator.integers(0, size[1] - h)), w, h])
    for shape, (x, y, w, h) in sorted(zip(shapes, boxes, strict=True), key=lambda one: -one[1][2] * one[1][3]):
        for canvas, colour in ((image, COLOURS[shape]), (mask, 1 + SHAPES.index(shape))):
            draw = ImageDraw.Draw(canvas)
            put = draw.ellipse if shape == "circle" else draw.rectangle
            put((x, y, x + w - 1, y + h - 1), fill=colour)
    return image, mask, boxes


def write_folder(path: Path, count: int, classes: tuple[str, ...] = SHAPES) -> Path:
    """So many images of a shape each, by turns, in sub-folders."""
    for number in range(count):
        shape = classes[number % len(classes)]
        (path / shape).mkdir(parents=True, exist_ok=True)
        drawn(number, (shape,), (60 + number % 7, 50 + number % 5))[0].save(path / shape / f"{number:03}.png")
    return path


def write_coco(path: Path, count: int, masks: bool = False) -> Path:
    """So many images of two shapes each below images/, and their annotations."""
    (path / "images").mkdir(parents=True)
    content = {"images": [], "annotations": [], "categories": [{"id": 3 + k, "name": n} for k, n in enumerate(SHAPES)]}
    for number in range(count):
        shapes = (SHAPES[number % 3], SHAPES[(number + 1) % 3])
        image, _, boxes = drawn(number, shapes)
        image.save(path / "images" / f"{number:03}.jpg", quality=95)
        content["images"].append({"id": number, "file_name": f"{number:03}.jpg", "width": 72, "height": 60})
        for shape, (x, y, w, h) in zip(shapes, boxes, strict=True):
            entry = {"id": len(content["annotations"]) + 1, "image_id": number, "bbox": [x, y, w, h], "iscrowd": 0}
            entry["category_id"] = 3 + SHAPES.index(shape)
            if masks:
                entry["segmentation"] = [[x, y, x + w, y, x + w, y + h, x, y + h]]
            content["annotations"].append(entry)
    (path / "boxes.json").write_text(json.dumps(content))
    return path / "boxes.json"


def write_masks(path: Path, count: int) -> Path:
    """So many pairs of an image of two shapes and its index mask."""
    for name in ("images", "masks"):
        (path / name).mkdir(parents=True)
    for number in range(count):
        image, mask, _ = drawn(number, (SHAPES[number % 3], SHAPES[(number + 1) % 3]))
        image.save(path / "images" / f"{number:03}.png")
        mask.save(path / "masks" / f"{number:03}.png")
    return path
