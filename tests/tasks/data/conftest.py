"""The photographs are reduced once for all tests of data, which takes seconds."""

from collections.abc import Iterator

import pytest

from tasks.data.photographs import VARIABLE, find_photographs


@pytest.fixture(scope="session", autouse=True)
def photographs_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(find_photographs(tmp_path_factory.mktemp("photographs"))))
        yield
