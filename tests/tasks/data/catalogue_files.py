"""Small copies of the catalogue's data sets, written where its builders would prepare them."""

import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image


def encoded(pixels: np.ndarray, kind: str) -> io.BytesIO:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return io.BytesIO(file.getvalue())


def write(
    home: Path, name: str, release: str, features: dict[str, Any], examples: dict[str, list[dict[str, Any]]]
) -> None:
    """Write a data set into the folder that the catalogue's builder of this name would prepare."""

    def info(self: Any) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict(features), disable_shuffling=True
        )

    def generate(_: Any, split: str) -> Iterator[tuple[int, dict[str, Any]]]:
        yield from enumerate(examples[split])

    family, _, config = name.partition("/")
    body = {
        "name": family,
        "BUILDER_CONFIGS": [tfds.core.BuilderConfig(name=config)] if config else [],
        "VERSION": tfds.core.Version(release),
        "_info": info,
        "_split_generators": lambda self, _: {split: self._generate_examples(split) for split in examples},
        "_generate_examples": generate,
        "__module__": __name__,
    }
    written: Any = type("Written", (tfds.core.GeneratorBasedBuilder,), body, skip_registration=True)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        written(data_dir=str(home / "data"), file_format="array_record").download_and_prepare()


def pet(index: int, trimap: np.ndarray, head: tuple[float, float, float, float]) -> dict[str, Any]:
    image = np.full((48, 192, 3), index * 10, np.uint8)
    return {
        "image": encoded(image, "JPEG"),
        "label": index % 37,
        "species": index % 2,
        "segmentation_mask": encoded(trimap, "PNG"),
        "head_bbox": tfds.features.BBox(*head),
    }


PET_FEATURES: dict[str, Callable[[], Any]] = {
    "image": lambda: tfds.features.Image(encoding_format="jpeg"),
    "label": lambda: tfds.features.ClassLabel(num_classes=37),
    "species": lambda: tfds.features.ClassLabel(num_classes=2),
    "segmentation_mask": lambda: tfds.features.Image(shape=(None, None, 1)),
    "head_bbox": tfds.features.BBoxFeature,
}


def voc_picture(objects: int, difficult: int) -> dict[str, Any]:
    """Objects of the classes 0, 1, ..., each wider than the one before; the one of this number is difficult."""
    boxes = [tfds.features.BBox(0.0, 0.0, 0.5, (i + 1) / 100) for i in range(objects)]
    found = [{"bbox": box, "label": i % 20, "is_difficult": i == difficult} for i, box in enumerate(boxes)]
    return {"image": encoded(np.full((50, 70, 3), 128, np.uint8), "JPEG"), "objects": found}


def write_voc(home: Path, examples: dict[str, list[dict[str, Any]]]) -> None:
    features = {
        "image": tfds.features.Image(encoding_format="jpeg"),
        "objects": tfds.features.Sequence(
            {
                "bbox": tfds.features.BBoxFeature(),
                "label": tfds.features.ClassLabel(num_classes=20),
                "is_difficult": np.bool_,
            }
        ),
    }
    write(home, "voc/2007", "5.0.0", features, examples)
