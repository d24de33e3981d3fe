"""Sizes that our data sets share, apart from what makes them so that reading them imports nothing heavy."""

from dataclasses import dataclass

SIDE = 96  # pixels, of every scene
OBJECT_SIDE = 64  # pixels, of every image of one object
ITEM_SIDE = 28  # pixels, of every single item
MOST_OBJECTS = 4
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class SplitCounts:
    """Images of each split of a config, and the seed from which all that is drawn at random follows."""

    train: int
    validation: int
    test: int
    seed: int = 0

    def of(self, split: str) -> int:
        """Return how many images a split has."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[split]

    @property
    def total(self) -> int:
        """Images of all splits together."""
        return sum(self.of(split) for split in SPLITS)
