from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def photographs(photographs_file: Path) -> None:
    """All tests of data read the photographs that are reduced once."""
