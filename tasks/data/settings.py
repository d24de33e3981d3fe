"""The sizes that our data sets come in, apart from the builders so that reading them imports nothing heavy."""

from dataclasses import dataclass

SIDE = 96  # pixels, of every scene
ITEM_SIDE = 28  # pixels, of every single item
ITEMS_IN_A_RECORD = 100
MOST_OBJECTS = 4
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class SplitCounts:
    """Records per split, and the seed from which all that is drawn at random follows."""

    train: int
    validation: int
    test: int
    seed: int = 20_240_601

    def of(self, split: str) -> int:
        """Return how many records a split has."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[split]

    @property
    def total(self) -> int:
        """Records of all splits together."""
        return sum(self.of(split) for split in SPLITS)


CONFIGS: dict[str, SplitCounts] = {
    "tiny": SplitCounts(24, 12, 12),  # for the suite's own tests
    "smoke": SplitCounts(512, 128, 128),
    "quick": SplitCounts(20_000, 2_000, 2_000),
    "full": SplitCounts(60_000, 5_000, 5_000),
}

PHOTO_CONFIGS: dict[str, SplitCounts] = {
    "tiny": SplitCounts(24, 12, 12, seed=20_240_602),
    "smoke": SplitCounts(512, 128, 128, seed=20_240_602),
    "quick": SplitCounts(20_000, 2_000, 2_000, seed=20_240_602),
}

ITEM_CONFIGS: dict[str, SplitCounts] = {  # in records, of ITEMS_IN_A_RECORD items
    "tiny": SplitCounts(3, 1, 1),
    "smoke": SplitCounts(10, 2, 2),
    "quick": SplitCounts(500, 100, 100),
    "full": SplitCounts(500, 100, 100),
}
