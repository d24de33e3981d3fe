"""User data prepared, and what is said where that is refused."""

from pathlib import Path

import pytest

from benchmarks.errors import MAX_LINE
from tasks.data.settings import SPLITS
from tasks.data.user.dataset import user_dataset
from tasks.errors import TaskInputError


def prepared(name: str, home: Path) -> dict[str, object]:
    dataset = user_dataset(name)
    (config, *_) = dataset.configs
    dataset.prepare(home, config, workers=2)
    return {split: dataset.load(home, config, split) for split in SPLITS}


def refusal(name: str, home: Path | None = None) -> str:
    def whole():
        dataset = user_dataset(name)
        assert home is not None
        dataset.prepare(home, dataset.configs[0])

    with pytest.raises(TaskInputError) as caught:
        whole()
    assert len(str(caught.value)) <= MAX_LINE + 100  # one_line shortens paths
    return str(caught.value)
