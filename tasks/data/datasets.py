"""All data sets behind one small interface.

dataset = get_dataset("fashion_items")
dataset.prepare(home, "quick")
images = dataset.load(home, "quick", "train")
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tasks.data import fashion_mnist, stamps
from tasks.data.catalogue import PET, PET_BREEDS, VOC_2007
from tasks.data.labelled import FASHION_ITEMS, LabelledImages
from tasks.data.scenes import FASHION_SCENES, PHOTO_OBJECTS, Scenes
from tasks.data.settings import ITEM_SIDE, SIDE
from tasks.data.store import Progress, Store, allowed


class Dataset(Protocol):
    """A data set that tasks train and are judged on.

    class_names: what labels 0, 1, ... mean. side_pixels and channels: of its images uint8[N, side, side, channels].
    configs: the names of its sizes. Splits are train, validation and test, and no two share anything.
    """

    @property
    def class_names(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def side_pixels(self) -> int: ...  # noqa: D102

    @property
    def channels(self) -> int: ...  # noqa: D102

    @property
    def configs(self) -> tuple[str, ...]: ...  # noqa: D102

    def prepare(self, home: Path, config: str, progress: Progress | None = None, download: bool = False) -> Path:
        """Make the data ready to be loaded, unless they are; return their folder.

        Args:
            home: the suite's folder for everything it keeps.
            config: one of ``configs``.
            progress: called as ``progress(done, in all)``, if this data set can tell.
            download: whether hundreds of megabytes may be fetched from the network.

        Raises:
            TaskInputError: unknown config, or a source is missing; the message says what to do.
        """
        ...

    def load(self, home: Path, config: str, split: str) -> Scenes | LabelledImages:
        """Load a prepared split into memory.  Raises TaskInputError: not prepared, or damaged."""
        ...

    def version(self, config: str) -> str:
        """What identifies the content of a config.  Raises TaskInputError for an unknown one."""
        ...


@dataclass(frozen=True)
class OwnDataset:
    """A Dataset that this package writes itself: its content is pinned, and loading verifies it."""

    store: Store[Any]
    class_names: tuple[str, ...]
    side_pixels: int
    channels: int

    @property
    def configs(self) -> tuple[str, ...]:
        """The sizes it comes in."""
        return tuple(self.store.counts)

    def prepare(self, home: Path, config: str, progress: Progress | None = None, download: bool = False) -> Path:
        """See Dataset.  Fashion-MNIST's 31 MB are fetched also without ``download`` where no package has them."""
        del download
        return self.store.prepare(home, config, progress)

    def load(self, home: Path, config: str, split: str) -> Scenes | LabelledImages:
        """See Dataset."""
        return self.store.load(home, config, split)

    def version(self, config: str) -> str:
        """The name of the data set and the first 12 digits of each split's checksum."""
        return self.store.version(config)


DATASETS: dict[str, Dataset] = {
    "fashion_items": OwnDataset(FASHION_ITEMS, fashion_mnist.CLASSES, ITEM_SIDE, channels=1),
    "fashion_scenes": OwnDataset(FASHION_SCENES, fashion_mnist.CLASSES, SIDE, channels=3),
    "photo_objects": OwnDataset(PHOTO_OBJECTS, stamps.CLASSES, SIDE, channels=3),
    "oxford_iiit_pet": PET,
    "oxford_iiit_pet_breeds": PET_BREEDS,
    "voc_2007": VOC_2007,
}


def get_dataset(name: str) -> Dataset:
    """Return the data set of a name.  Raises TaskInputError for an unknown one."""
    allowed("there is no data set", name, DATASETS)
    return DATASETS[name]
