"""All data sets behind one small interface.

dataset = get_dataset("fashion_items")
dataset.prepare(home, "quick")
images = dataset.load(home, "quick", "train")
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, TypeGuard

from tasks.data.catalogue import PET, PET_BREEDS, VOC_2007
from tasks.data.labelled import LabelledImages
from tasks.data.own_datasets import OWN_DATASETS
from tasks.data.scenes import Scenes
from tasks.data.store import Progress
from tasks.data.user.dataset import UserDataset, user_dataset
from tasks.data.user.name import FORMS, is_user_name, parse_name
from tasks.errors import TaskInputError
from tasks.sides import Side


class Dataset(Protocol):
    """A data set that tasks train and evaluate on: train, validation and test, of which no two share anything."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """What labels 0, 1, ... mean."""
        ...

    @property
    def side_pixels(self) -> Side:
        """Of its images uint8[N, height, width, channels]."""
        ...

    @property
    def channels(self) -> int:
        """1 for grey, 3 for colour."""
        ...

    @property
    def most_objects(self) -> int:
        """Of one image, at most."""
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
    """Return the data set of a name: a key of DATASETS, or where somebody's lies, as `tasks.data.user.name` has it.

    Raises TaskInputError for an unknown one, and for what is not as its kind has it.
    """
    if is_user_name(name):
        return user_dataset(name)
    if name not in DATASETS:
        there = Path(name[:200]).exists()
        known = "say what it is" if there else f"allowed: {', '.join(DATASETS)}"
        raise TaskInputError(f"there is no data set {name[:80]!r}; {known}, {FORMS}")
    return DATASETS[name]


def is_users(dataset: Dataset) -> TypeGuard[UserDataset]:
    """Whether somebody brought it."""
    return isinstance(dataset, UserDataset)


def short_name(name: str) -> str:
    """A data set's name, for those of files."""
    return parse_name(name).short if is_user_name(name) else name
