"""The sizes that FashionScenes comes in, apart from the builder so that reading them imports nothing heavy."""

from dataclasses import dataclass

SIDE = 96  # pixels, of every scene
MOST_OBJECTS = 4
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class SceneCounts:
    """Scenes per split, and the seed from which all of them follow."""

    train: int
    validation: int
    test: int
    seed: int = 20_240_601

    def of(self, split: str) -> int:
        """Return how many scenes a split has."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[split]

    @property
    def total(self) -> int:
        """Scenes of all splits together."""
        return sum(self.of(split) for split in SPLITS)


CONFIGS: dict[str, SceneCounts] = {
    "tiny": SceneCounts(24, 12, 12),  # for the suite's own tests
    "smoke": SceneCounts(512, 128, 128),
    "quick": SceneCounts(20_000, 2_000, 2_000),
    "full": SceneCounts(60_000, 5_000, 5_000),
}
