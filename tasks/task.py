"""What a task is: the one interface through which training, evaluation and the supernet know all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import jax
import numpy as np

from tasks.augmentation import Augmentation, augment, mirrored
from tasks.by_class import ByClass
from tasks.data.datasets import get_dataset
from tasks.errors import TaskInputError
from tasks.sides import Side

if TYPE_CHECKING:
    from PIL.Image import Image

# (height, width) in pixels of the part of an output that is valid: whole numbers, or traced int32 scalars
Size = tuple[int | jax.Array, int | jax.Array]


class Task(Protocol):
    """A task on one data set; immutable, picklable, and equal to another with equal fields.

    `loss` and `predict` take the raw output of a network, float32 [N, h, w, output_channels].  Their `size` is given
    where only the top left part of the output is valid, which a supernet's canvas makes so; the rest of it must be
    finite and has no effect.
    """

    @property
    def name(self) -> str:
        """Key in `tasks.registry.TASKS`."""
        ...

    @property
    def classes(self) -> int:
        """How many classes are told apart, background not counted."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """Of these classes; one name where all objects are alike."""
        ...

    @property
    def dataset(self) -> str:
        """Key in `tasks.data.datasets.DATASETS`."""
        ...

    @property
    def side_pixels(self) -> Side:
        """Of the data's images; a network may take them at another size."""
        ...

    @property
    def channels(self) -> int:
        """Channels of the data's images."""
        ...

    @property
    def output_channels(self) -> int:
        """Channels of the network's last layer."""
        ...

    @property
    def output_names(self) -> tuple[str, ...]:
        """Of these channels, in their order."""
        ...

    @property
    def takes_size(self) -> bool:
        """Whether `loss` and `predict` heed their `size`, or need not."""
        ...

    @property
    def metric(self) -> str:
        """The one of `quality`'s values that networks are compared by; larger is better, in 0..1."""
        ...

    def config(self, data: str) -> str:
        """The data set's own name for a data configuration such as "quick"; see DatasetTask.views."""
        ...

    def data_version(self, data: str) -> str:
        """What identifies the content of a data configuration.  Raises TaskInputError for an unknown one."""
        ...

    def load(self, home: Path, data: str, split: str) -> Any:
        """A split's examples, with `images` and `take(slice)`.  Raises TaskInputError when missing or damaged."""
        ...

    def arrays(self, examples: Any) -> dict[str, np.ndarray]:
        """What training reads, each [N, ...]; "images" uint8 [N, H, W, C] among them."""
        ...

    def augment(self, key: jax.Array, batch: dict[str, jax.Array]) -> dict[str, jax.Array]:
        """A batch of such arrays like the given one, randomly changed; the images may have any size."""
        ...

    def loss(self, output: jax.Array, batch: dict[str, jax.Array], size: Size | None = None) -> jax.Array:
        """Scalar loss; must be finite for any batch, one without objects too."""
        ...

    def predict(self, output: jax.Array, size: Size | None = None) -> Any:
        """A pytree of arrays [N, ...] from the network's output."""
        ...

    def quality(self, examples: Any, predictions: Any) -> dict[str, float]:
        """Metric name to value, of predictions (numpy) for all examples, in their order; NaN where undefined.

        Raises TaskInputError when there are not as many predictions as examples.
        """
        ...

    def by_class(self, examples: Any, predictions: Any) -> ByClass:
        """As `quality`, class by class, and what was taken for what."""
        ...

    def draw_all(self, examples: Any, predictions: Any, path: Path) -> None:
        """Write a PNG of the first examples, truth left and prediction right."""
        ...

    def draw(self, image: np.ndarray, prediction: Any, scale: int = 1) -> Image:
        """Image uint8 [H, W, C], each pixel scale x scale times, with what was predicted of it drawn in.

        prediction: one example's part of what `predict` gives, without its first axis.
        """
        ...

    def words(self, prediction: Any) -> tuple[str, ...]:
        """What was predicted of that example, a line for each class or box, the likeliest or largest first."""
        ...


@dataclass(frozen=True)
class DatasetTask:
    """What every task takes from its data set, the key `dataset` in `tasks.data.datasets.DATASETS`."""

    # Data sets of the catalogue come in one size but several views of the images; these are the ones for this task.
    views: ClassVar[tuple[str, ...]] = ()
    takes_size: ClassVar[bool] = True
    # what a data set must hold, LabelledImages or Scenes
    examples: ClassVar[type]

    classes: int
    dataset: str
    # where it is left out, keys are those of before there was any other; see `benchmarks.store.keys.plain`
    augmentation: Augmentation | None = field(default=None, metadata={"in_keys": "unless default"}, kw_only=True)

    @property
    def side_pixels(self) -> Side:
        """Of the data's images; a network may take them at another size."""
        return get_dataset(self.dataset).side_pixels

    @property
    def channels(self) -> int:
        """Channels of the data's images."""
        return get_dataset(self.dataset).channels

    def config(self, data: str) -> str:
        """The task's view of a data set that has views, whatever the size asked for; else the configuration itself."""
        configs = get_dataset(self.dataset).configs
        return next((view for view in self.views if view in configs), data)

    def data_version(self, data: str) -> str:
        """What identifies the content of a data configuration, and how it is changed for training.

        Raises TaskInputError for an unknown one.
        """
        version = get_dataset(self.dataset).version(self.config(data))
        return version if self.augmentation is None else f"{version}+{self.augmentation}"

    def augment(self, key: jax.Array, batch: dict[str, jax.Array]) -> dict[str, jax.Array]:
        """A batch like the given one, randomly changed as `augmentation` says, or as the task usually does."""
        if self.augmentation is None:
            return self._usually_augment(key, batch)
        return augment(self.augmentation, key, batch)

    @property
    def usual_augmentation(self) -> Augmentation:
        """What the task does to training examples where nothing else is said."""
        return Augmentation()

    def _usually_augment(self, key: jax.Array, batch: dict[str, jax.Array]) -> dict[str, jax.Array]:
        return mirrored(key, batch)

    @property
    def output_names(self) -> tuple[str, ...]:
        """The classes', where there is nothing else."""
        return self.class_names

    @property
    def class_names(self) -> tuple[str, ...]:
        """As Task has it."""
        names = get_dataset(self.dataset).class_names
        return names if len(names) == self.classes else ("object",)

    def _load(self, home: Path, data: str, split: str) -> Any:
        found, needed = get_dataset(self.dataset).load(home, self.config(data), split), self.examples
        if not isinstance(found, needed):
            raise TaskInputError(f"data set {self.dataset!r} holds {type(found).__name__}; needed: {needed.__name__}")
        return found
