"""All data sets behind one small interface.

dataset = get_dataset("fashion_items")
dataset.prepare(home, "quick")
images = dataset.load(home, "quick", "train")
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from tasks.data.catalogue import PET, PET_BREEDS, VOC_2007
from tasks.data.labelled import LabelledImages
from tasks.data.own_datasets import OWN_DATASETS
from tasks.data.scenes import Scenes
from tasks.data.store import Progress, allowed


class Dataset(Protocol):
    """A data set that tasks train and evaluate on: train, validation and test, of which no two share anything."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """What labels 0, 1, ... mean."""
        ...

    @property
    def side_pixels(self) -> int:
        """Height and width of its images uint8[N, side, side, channels]."""
        ...

    @property
    def channels(self) -> int:
        """1 for grey, 3 for colour."""
        ...

    @property
    def configs(self) -> tuple[str, ...]:
        """The names of its sizes."""
        ...

    def prepare(
        self, home: Path, config: str, progress: Progress | None = None, download: bool = False, workers: int = 1
    ) -> Path:
        """Make the data ready to be loaded, unless they are; return their folder.

        Args:
            home: the suite's folder for everything it keeps.
            config: one of ``configs``.
            progress: called as ``progress(done, in all)``, if this data set can tell.
            download: whether hundreds of megabytes may be fetched from the network.
            workers: processes that may compose; with more than one, the caller's script must be guarded by
                ``if __name__ == "__main__"``.

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


DATASETS: Mapping[str, Dataset] = {
    **OWN_DATASETS,
    "oxford_iiit_pet": PET,
    "oxford_iiit_pet_breeds": PET_BREEDS,
    "voc_2007": VOC_2007,
}


def get_dataset(name: str) -> Dataset:
    """Return the data set of a name.  Raises TaskInputError for an unknown one."""
    allowed("there is no data set", name, DATASETS)
    return DATASETS[name]
