"""Finding, verifying and downloading Fashion-MNIST. The files themselves must be on the machine or reachable."""

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest

from tasks.data import fashion_mnist, packages
from tasks.data.fashion_mnist import CONTENT_SHA256, FOLDER_VARIABLE, find_folder, read_items
from tasks.errors import TaskInputError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return find_folder(tmp_path_factory.mktemp("home"))


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr(packages, "ROOT", tmp_path / "no-such-folder")


def test_both_parts_are_balanced_over_the_ten_classes(folder: Path) -> None:
    for items, per_class in ((read_items(folder, "train"), 6000), (read_items(folder, "t10k"), 1000)):
        assert items.images.shape == (10 * per_class, 28, 28)
        np.testing.assert_array_equal(np.bincount(items.labels), np.full(10, per_class))


def test_another_gzip_header_around_the_same_content_is_accepted(folder: Path, tmp_path: Path) -> None:
    for name in (name for name in CONTENT_SHA256 if name.startswith("t10k")):
        content = gzip.decompress((folder / name).read_bytes())
        (tmp_path / name).write_bytes(gzip.compress(content, compresslevel=1, mtime=1))
        assert (tmp_path / name).read_bytes() != (folder / name).read_bytes()
    assert len(read_items(tmp_path, "t10k").labels) == 10_000


def test_a_truncated_file_is_named(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    broken = tmp_path / "t10k-images-idx3-ubyte.gz"
    broken.write_bytes(broken.read_bytes()[:-1000])
    with pytest.raises(TaskInputError, match=r"t10k-images-idx3-ubyte\.gz is damaged .*delete it"):
        read_items(tmp_path, "t10k")


def test_other_content_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(bytes(10_008)))
    with pytest.raises(TaskInputError, match="is not Fashion-MNIST's t10k-labels"):
        read_items(tmp_path, "t10k")


def test_the_folder_named_by_the_variable_is_used(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folder, tmp_path / "mine")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "mine"))
    assert find_folder(tmp_path / "home") == tmp_path / "mine"


def test_a_named_folder_without_the_files_is_an_error_even_if_others_have_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(TaskInputError, match=f"{tmp_path} lacks train-images-idx3-ubyte.gz"):
        find_folder(tmp_path / "home")


@pytest.mark.usefixtures("nothing_installed")
def test_without_any_copy_the_message_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(TaskInputError, match=r"run `python -m tasks\.data\.packages`") as raised:
        find_folder(tmp_path, download=False)
    assert "\n" not in str(raised.value)


@pytest.mark.usefixtures("nothing_installed")
def test_missing_files_are_downloaded_once(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fashion_mnist, "SOURCE_URL", folder.as_uri())
    found = find_folder(tmp_path)
    assert sorted(path.name for path in found.iterdir()) == sorted(CONTENT_SHA256)
    monkeypatch.setattr(fashion_mnist, "SOURCE_URL", "file:///no-such-folder")
    assert find_folder(tmp_path) == found


@pytest.mark.usefixtures("nothing_installed")
def test_a_download_with_other_content_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in CONTENT_SHA256:
        (source / name).write_bytes(b"<html>moved</html>")
    monkeypatch.setattr(fashion_mnist, "SOURCE_URL", source.as_uri())
    with pytest.raises(TaskInputError, match="is damaged"):
        find_folder(tmp_path / "home")
    assert not list((tmp_path / "home").rglob("*.gz*"))


@pytest.mark.usefixtures("nothing_installed")
def test_an_unreachable_source_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fashion_mnist, "SOURCE_URL", (tmp_path / "nowhere").as_uri())
    with pytest.raises(TaskInputError, match=f"could not be downloaded .* set {FOLDER_VARIABLE}"):
        find_folder(tmp_path)


def test_an_unknown_part_is_refused(folder: Path) -> None:
    with pytest.raises(TaskInputError, match="allowed: train, t10k"):
        read_items(folder, "validation")  # pyright: ignore[reportArgumentType]
