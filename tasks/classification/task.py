"""Classification of Fashion-MNIST's items (arXiv:1708.07747): which of ten is it, over a photograph or alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import jax
import numpy as np

from tasks.augmentation import Augmentation, mirrored, shifted
from tasks.by_class import ByClass, rows_of, shares
from tasks.data.datasets import get_dataset
from tasks.data.labelled import LabelledImages
from tasks.errors import TaskInputError
from tasks.task import DatasetTask, Size

if TYPE_CHECKING:
    from PIL.Image import Image

SMOOTHING = 0.1
SHIFT_PIXELS = 2


class Classification(NamedTuple):
    """log_probabilities: float32 [N, classes]."""

    log_probabilities: jax.Array


MOST_WORDS = 5
"""Classes that `words` names."""


@dataclass(frozen=True)
class ClassificationTask(DatasetTask):
    """One label an image; the network's output is [N, 1, 1, classes]."""

    views: ClassVar[tuple[str, ...]] = ("species", "breeds", "classification")
    examples: ClassVar[type] = LabelledImages

    classes: int = 10
    dataset: str = "fashion_objects"
    name: str = "classification"

    @property
    def usual_augmentation(self) -> Augmentation:
        """Mirrored, and moved by up to SHIFT_PIXELS."""
        return Augmentation(shift_pixels=SHIFT_PIXELS)

    @property
    def output_channels(self) -> int:
        """One logit a class."""
        return self.classes

    @property
    def metric(self) -> str:
        """Share of images whose most probable class is theirs."""
        return "accuracy"

    def load(self, home: Path, data: str, split: str) -> LabelledImages:
        """A split's images.  Raises TaskInputError when they are missing or damaged, or the data set has none."""
        return self._load(home, data, split)

    def arrays(self, examples: LabelledImages) -> dict[str, np.ndarray]:
        """What training reads: images uint8 [N, H, W, C], labels int32 [N].

        Raises TaskInputError for labels outside the task's classes.
        """
        if len(examples.labels) and not 0 <= examples.labels.min() <= examples.labels.max() < self.classes:
            raise TaskInputError(
                f"labels are {examples.labels.min()} to {examples.labels.max()}; allowed: 0 to {self.classes - 1}"
            )
        return {"images": examples.images, "labels": examples.labels}

    def _usually_augment(self, key: jax.Array, batch: dict[str, jax.Array]) -> dict[str, jax.Array]:
        """Mirror half of the images left to right and move all by up to two pixels."""
        mirror_key, shift_key = jax.random.split(key)
        return shifted(shift_key, mirrored(mirror_key, batch), SHIFT_PIXELS)

    def loss(self, output: jax.Array, batch: dict[str, jax.Array], size: Size | None = None) -> jax.Array:
        """Cross-entropy with label smoothing (arXiv:1512.00567, section 7), averaged over the batch."""
        log_p = jax.nn.log_softmax(output[:, 0, 0])
        target = jax.nn.one_hot(batch["labels"], self.classes) * (1 - SMOOTHING) + SMOOTHING / self.classes
        return -(target * log_p).sum(-1).mean()

    def predict(self, output: jax.Array, size: Size | None = None) -> Classification:
        """Log-probabilities from the network's output."""
        return Classification(jax.nn.log_softmax(output[:, 0, 0]))

    def quality(self, examples: LabelledImages, predictions: Classification) -> dict[str, float]:
        """{"accuracy" in 0..1, "nll" in nats: mean negative log-likelihood}."""
        log_p, labels = np.asarray(predictions.log_probabilities), examples.labels
        if len(log_p) != len(labels):
            raise TaskInputError(f"{len(log_p)} predictions for {len(labels)} images; they must be as many")
        if len(labels) == 0:
            return {"accuracy": float("nan"), "nll": float("nan")}
        return {
            "accuracy": float((log_p.argmax(-1) == labels).mean()),
            "nll": float(-log_p[np.arange(len(labels)), labels].mean(dtype=np.float64)),
        }

    def by_class(self, examples: LabelledImages, predictions: Classification) -> ByClass:
        """Images, precision, recall and F1 of each class; images by true class and most probable one."""
        found = np.asarray(predictions.log_probabilities).argmax(-1)
        confusion = np.zeros((self.classes, self.classes), np.int64)
        np.add.at(confusion, (np.asarray(examples.labels), found), 1)
        precision, recall, f1 = shares(confusion)
        rows = rows_of(self.class_names, images=confusion.sum(1), precision=precision, recall=recall, f1=f1)
        return ByClass(rows, self.class_names, confusion)

    def draw_all(self, examples: LabelledImages, predictions: Classification, path: Path) -> None:
        """Write a PNG of the first examples, truth left and prediction right."""
        from tasks.classification.drawing import draw_classes

        draw_classes(examples, np.asarray(predictions.log_probabilities), path, get_dataset(self.dataset).class_names)

    def draw(self, image: np.ndarray, prediction: Classification, scale: int = 1) -> Image:
        """Image uint8 [H, W, C], each pixel scale x scale times, with what was predicted of it drawn in."""
        from tasks.classification.drawing import mark_classes

        return mark_classes(
            image, np.asarray(prediction.log_probabilities), get_dataset(self.dataset).class_names, scale
        )

    def words(self, prediction: Classification) -> tuple[str, ...]:
        """The most probable classes, MOST_WORDS at most."""
        probabilities = np.exp(np.asarray(prediction.log_probabilities))
        best = np.argsort(-probabilities, kind="stable")[:MOST_WORDS].tolist()
        return tuple(f"{self.class_names[label]} {probabilities[label]:.1%}" for label in best)
