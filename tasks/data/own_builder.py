"""What our tensorflow-datasets builders have in common. Importing this imports tensorflow_datasets, not TensorFlow."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds

from tasks.data.settings import SPLITS, SplitCounts
from tasks.data.store import Progress


@dataclass(eq=False, kw_only=True)
class OwnConfig(tfds.core.BuilderConfig):
    """A size of a data set: records per split, and the seed of what is drawn at random."""

    counts: SplitCounts


class OwnBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """A builder that finds its own sources, makes three splits, and reports its progress."""

    def __init__(self, *, downloads: Path | None = None, progress: Progress | None = None, **kwargs: Any):
        """Besides the usual arguments: where to keep downloads, and a callback of (records done, records in all)."""
        self._downloads = downloads
        self._progress = progress
        super().__init__(**kwargs)

    @property
    def counts(self) -> SplitCounts:
        """Records per split of the config in use."""
        assert isinstance(self.builder_config, OwnConfig)
        return self.builder_config.counts

    def report(self, split: str, index: int) -> None:
        """Tell the callback that the record of this index in its split is done."""
        if self._progress is not None:
            before = sum(self.counts.of(earlier) for earlier in SPLITS[: SPLITS.index(split)])
            self._progress(before + index + 1, self.counts.total)

    @abstractmethod
    def _source(self, downloads: Path) -> Any:
        """Find what records are made from.  Raises TaskInputError."""

    @abstractmethod
    def _generate_examples(self, split: str, source: Any) -> Iterator[tuple[int, dict[str, Any]]]:
        """Make the records of a split, in order."""

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        del dl_manager  # what it would manage, _source finds
        source = self._source(self._downloads or Path(self.data_dir))
        return {split: self._generate_examples(split, source) for split in SPLITS}
