"""The photographs behind composed images: found, reduced once, kept in one file, divided before composing."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.data import packages, photographs
from tasks.data.photographs import (
    ALL_PHOTOGRAPHS,
    PHOTOGRAPHS,
    SHORTER_SIDE,
    VARIABLE,
    Photograph,
    crop,
    find_photographs,
    read_photographs,
)
from tasks.data.settings import SPLITS
from tasks.errors import TaskInputError


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return find_photographs(tmp_path_factory.mktemp("home"))  # see conftest


@pytest.fixture(scope="module")
def every(file: Path) -> dict[str, tuple[Photograph, ...]]:
    return {split: read_photographs(file, split) for split in SPLITS}


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(packages, "ROOT", tmp_path / "no-root")


def test_about_half_of_the_photographs_train_and_more_than_ten_test() -> None:
    assert [len(PHOTOGRAPHS[split]) for split in SPLITS] == [20, 11, 11]
    assert len(set(ALL_PHOTOGRAPHS)) == len(ALL_PHOTOGRAPHS) == 42


def test_no_two_photographs_look_alike(every: dict[str, tuple[Photograph, ...]]) -> None:
    """Thumbnails of a copy, also of a rescaled or brightened one, correlate; those of other photographs do not."""
    tiny = []
    for photograph in (one for group in every.values() for one in group):
        thumbnail = np.asarray(photograph.image.convert("L").resize((16, 16)), float).ravel()
        tiny.append((thumbnail - thumbnail.mean()) / thumbnail.std())
    correlation = np.array(tiny) @ np.array(tiny).T / 256
    np.fill_diagonal(correlation, 0)
    assert np.abs(correlation).max() < 0.9


def test_every_photograph_is_reduced_and_named_by_its_place(every: dict[str, tuple[Photograph, ...]]) -> None:
    assert [one.index for split in SPLITS for one in every[split]] == list(range(42))
    sizes = [min(one.image.size) for group in every.values() for one in group]
    assert max(sizes) == SHORTER_SIDE
    assert sorted(sizes)[:3] == [172, 191, 300]  # text, page and chelsea are smaller
    assert sum(one.grey for group in every.values() for one in group) == 8


def test_all_photographs_fit_a_file_that_can_be_carried(file: Path) -> None:
    assert file.stat().st_size < 12_000_000


def test_the_file_of_another_machine_is_enough(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing_installed: None
) -> None:
    shutil.copyfile(file, tmp_path / "carried.npz")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "carried.npz"))
    assert find_photographs(tmp_path / "home") == tmp_path / "carried.npz"
    assert len(read_photographs(tmp_path / "carried.npz", "test")) == 11


def test_photographs_of_a_folder_of_ones_own_give_the_same_file(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = packages.find(packages.PHOTOGRAPHS, tmp_path)
    monkeypatch.setattr(packages, "ROOT", tmp_path / "no-root")
    (tmp_path / "mine" / "deep").mkdir(parents=True)
    for path in installed.rglob("*.jpg"):
        (tmp_path / "mine" / "deep" / path.name).symlink_to(path)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine"))
    found = find_photographs(tmp_path / "home")
    assert found == tmp_path / "home" / "data" / "photographs.npz"
    with np.load(found) as mine, np.load(file) as other:  # conftest's is of the packages
        assert all(np.array_equal(mine[name], other[name]) for name in ALL_PHOTOGRAPHS)


def test_without_the_packages_one_line_says_how_many_are_missing_and_what_to_do(
    tmp_path: Path, nothing_installed: None
) -> None:
    with pytest.raises(TaskInputError, match=r"26 of 42 photographs are missing: run `python -m") as raised:
        find_photographs(tmp_path)
    assert VARIABLE in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) <= 300
    assert not list(tmp_path.rglob("*.npz"))


@pytest.mark.parametrize("kept", [0, 1_000, 5_000_000])
def test_a_truncated_file_is_named(file: Path, tmp_path: Path, kept: int) -> None:
    (tmp_path / "half.npz").write_bytes(file.read_bytes()[:kept])
    with pytest.raises(TaskInputError, match=r"cannot be read from .*half\.npz") as raised:
        read_photographs(tmp_path / "half.npz", "test")
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere.npz"))
    with pytest.raises(TaskInputError, match=r"nowhere\.npz \(.*No such file"):
        read_photographs(find_photographs(tmp_path), "train")


def test_one_other_pixel_is_refused(file: Path, tmp_path: Path, every: dict[str, tuple[Photograph, ...]]) -> None:
    changed = every["test"][-1].image.copy()
    changed.putpixel((0, 0), tuple(255 - channel for channel in changed.getpixel((0, 0))))
    changed.save(tmp_path / "changed.png")
    with np.load(file) as arrays:
        altered = {**arrays, "YellowFlower.jpg": np.frombuffer((tmp_path / "changed.png").read_bytes(), np.uint8)}
    np.savez(tmp_path / "altered.npz", **altered)
    with pytest.raises(TaskInputError, match=r"altered\.npz have content .*, expected "):
        read_photographs(tmp_path / "altered.npz", "test")


def test_a_photograph_that_cannot_be_decoded_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing_installed: None
) -> None:
    for name in ALL_PHOTOGRAPHS:
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    (tmp_path / "Storm.jpg").write_bytes(b"no JPEG")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(TaskInputError, match=r"Storm\.jpg cannot be read"):
        find_photographs(tmp_path / "home")


def test_photographs_of_other_content_are_refused_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ALL_PHOTOGRAPHS:
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(TaskInputError, match="the photographs found here have content"):
        find_photographs(tmp_path / "home")
    assert not list((tmp_path / "home").rglob("*.npz"))


def test_an_unknown_split_has_no_photographs(file: Path) -> None:
    with pytest.raises(TaskInputError, match="allowed: train, validation, test"):
        read_photographs(file, "holdout")


def test_a_larger_photograph_is_reduced_to_means_of_its_pixels(tmp_path: Path) -> None:
    """Four pixels become their mean, also where that mean appears nowhere among them."""
    board = np.zeros((2 * SHORTER_SIDE, 4 * SHORTER_SIDE), np.uint8)
    board[::2, ::2] = board[1::2, 1::2] = 200
    Image.fromarray(board).save(tmp_path / "board.png")
    reduced = photographs._reduce(tmp_path / "board.png")
    assert (reduced.mode, reduced.size) == ("L", (2 * SHORTER_SIDE, SHORTER_SIDE))
    assert set(reduced.tobytes()) == {100}


def test_crops_of_one_photograph_vary(every: dict[str, tuple[Photograph, ...]]) -> None:
    crops = [crop(every["train"][0], 96, np.random.default_rng(seed)) for seed in range(5)]
    assert len({image.tobytes() for image in crops}) == 5
    assert all(image.shape == (96, 96, 3) and image.dtype == np.uint8 for image in crops)
