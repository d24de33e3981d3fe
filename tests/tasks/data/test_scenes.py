"""The prepared data set: what is in it, that it is the same every time, and what happens to damaged files."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorflow_datasets.core import shuffle

from tasks.data.checksums import PINNED
from tasks.data.compose import compose_rows
from tasks.data.contact_sheet import write_contact_sheet
from tasks.data.fashion_mnist import CLASSES, find_folder, item_pool
from tasks.data.own_datasets import FASHION_SCENES, RECIPES, compose_split
from tasks.data.photographs import ALL_PHOTOGRAPHS, PHOTOGRAPHS, find_photographs
from tasks.data.scenes import Scenes
from tasks.data.settings import SIDE, SPLITS
from tasks.data.store import content_checksum
from tasks.errors import TaskInputError


def load_scenes(home: Path, config: str, split: str) -> Scenes:
    return FASHION_SCENES.load(home, config, split)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    FASHION_SCENES.prepare(home, "tiny")
    return home


@pytest.fixture(scope="module")
def tiny(home: Path) -> dict[str, Scenes]:
    return {split: load_scenes(home, "tiny", split) for split in SPLITS}


@pytest.fixture
def copy(home: Path, tmp_path: Path) -> Path:
    """A copy of the prepared data that a test may damage."""
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)
    return tmp_path


def _records(home: Path, split: str) -> Path:
    return next(home.rglob(f"*-{split}.array_record-*"))


def test_each_split_has_its_scenes_in_the_order_of_their_ids(tiny: dict[str, Scenes]) -> None:
    for split, scenes in tiny.items():
        n = FASHION_SCENES.counts["tiny"].of(split)
        assert scenes.images.shape == (n, 96, 96, 3)
        assert scenes.images.dtype == scenes.instances.dtype == scenes.masks.dtype == np.uint8
        assert (scenes.boxes.shape, scenes.boxes.dtype) == ((n, 4, 4), np.float32)
        assert (scenes.labels.shape, scenes.labels.dtype) == ((n, 4), np.int32)
        np.testing.assert_array_equal(scenes.ids, np.arange(n))


def test_boxes_are_the_exact_extents_of_the_masks_and_padding_is_last(tiny: dict[str, Scenes]) -> None:
    for scenes in tiny.values():
        for boxes, labels, instances in zip(scenes.boxes, scenes.labels, scenes.instances, strict=True):
            objects = int((labels >= 0).sum())
            assert 1 <= objects <= 4
            assert set(np.unique(instances)) - {0} == set(range(1, objects + 1))
            for k in range(objects):
                y, x = np.nonzero(instances == k + 1)
                expected = np.array([y.min(), x.min(), y.max() + 1, x.max() + 1], np.float32) / np.float32(SIDE)
                np.testing.assert_array_equal(boxes[k], expected)
            assert (labels[objects:] == -1).all()
            assert (boxes[objects:] == 0).all()


def test_semantic_masks_name_the_class_of_each_instance(tiny: dict[str, Scenes]) -> None:
    scenes = tiny["train"]
    for labels, instances, mask in zip(scenes.labels, scenes.instances, scenes.masks, strict=True):
        np.testing.assert_array_equal(mask == 0, instances == 0)
        for k in np.unique(instances[instances > 0]):
            assert (mask[instances == k] == labels[k - 1] + 1).all()


def equal(some: Scenes, others: Scenes) -> bool:
    return content_checksum(some) == content_checksum(others)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_composed_in_memory_is_what_is_prepared(
    home: Path, tiny: dict[str, Scenes], workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.data.compose._AT_ONCE", 5)
    split = "train" if workers == 1 else "test"
    made = compose_split("fashion_scenes", "tiny", split, find_folder(home), find_photographs(home), workers)
    assert isinstance(made, Scenes)
    assert equal(made, tiny[split])


def test_a_scene_depends_on_seed_split_and_index_alone(
    home: Path, tiny: dict[str, Scenes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.data.compose._AT_ONCE", 2)

    def made(split: str, seed: int, count: int, workers: int = 1) -> Scenes:
        sources = find_folder(home), find_photographs(home)
        scenes = compose_rows(RECIPES["fashion_scenes"], split, seed, count, *sources, workers)
        assert isinstance(scenes, Scenes)
        return scenes

    seed = FASHION_SCENES.counts["tiny"].seed
    assert equal(made("test", seed, 5), tiny["test"].take(slice(5)))
    assert not np.array_equal(made("test", seed + 1, 1).images, tiny["test"].images[:1])
    assert not np.array_equal(made("validation", seed, 1).images, tiny["test"].images[:1])


def test_composing_in_memory_refuses_other_content_and_unknown_names(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = find_folder(home), find_photographs(home)
    with pytest.raises(
        TaskInputError, match="'fashion_items'; allowed: fashion_objects, fashion_scenes, photo_objects"
    ):
        compose_split("fashion_items", "tiny", "test", *sources)
    with pytest.raises(TaskInputError, match="'dev'; allowed: train"):
        compose_split("fashion_scenes", "tiny", "dev", *sources)
    with pytest.raises(TaskInputError, match="0 processes cannot compose"):
        compose_split("fashion_scenes", "tiny", "test", *sources, workers=0)
    monkeypatch.setitem(PINNED["fashion_scenes"], "tiny", dict.fromkeys(SPLITS, "0" * 64))
    with pytest.raises(TaskInputError, match=r"fashion_scenes tiny/test has content .*: install pillow"):
        compose_split("fashion_scenes", "tiny", "test", *sources)


def test_splits_share_no_item_by_name_or_by_content(home: Path) -> None:
    pools = {split: item_pool(split, find_folder(home)) for split in SPLITS}
    names = [set(pool.indices.tolist()) for pool in pools.values()]
    images = [{image.tobytes() for image in pool.grey} for pool in pools.values()]
    assert [len(group) for group in images] == [50_000, 10_000, 10_000]
    for groups in (names, images):
        assert len(set().union(*groups)) == sum(len(group) for group in groups)


def test_scenes_keep_to_the_items_and_photographs_of_their_split(tiny: dict[str, Scenes]) -> None:
    allowed = {"train": (0, 50_000), "validation": (50_000, 60_000), "test": (60_000, 70_000)}
    for split, scenes in tiny.items():
        items = scenes.items[scenes.labels >= 0]
        low, high = allowed[split]
        assert low <= items.min()
        assert items.max() < high
        used = {ALL_PHOTOGRAPHS[index] for index in scenes.photographs}
        assert used <= set(PHOTOGRAPHS[split])
        assert len(used) >= 3


def test_the_checksum_notices_one_pixel(tiny: dict[str, Scenes]) -> None:
    scenes = tiny["test"].take(slice(0, 2))
    before = content_checksum(scenes)
    changed = Scenes(**{**vars(scenes), "images": scenes.images.copy()})
    assert content_checksum(changed) == before
    changed.images[1, 95, 95, 2] ^= 1
    assert content_checksum(changed) != before


def test_preparing_again_changes_nothing(home: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*.array_record-*")}
    FASHION_SCENES.prepare(home, "tiny")
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*.array_record-*")} == before


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.999])
def test_a_truncated_file_is_named_and_preparing_again_is_advised(copy: Path, kept: float) -> None:
    file = _records(copy, "train")
    os.truncate(file, int(file.stat().st_size * kept))
    with pytest.raises(TaskInputError, match=rf"{re.escape(str(file))} is damaged .*: delete .* and prepare") as raised:
        load_scenes(copy, "tiny", "train")
    assert "\n" not in str(raised.value)


def test_flipped_bits_are_noticed(copy: Path) -> None:
    file = _records(copy, "validation")
    content = bytearray(file.read_bytes())
    content[100_000:100_008] = bytes(255 - value for value in content[100_000:100_008])
    file.write_bytes(content)
    with pytest.raises(TaskInputError, match=re.escape(str(file))):
        load_scenes(copy, "tiny", "validation")
    assert len(load_scenes(copy, "tiny", "train")) == 24


def test_intact_files_with_other_content_are_refused(copy: Path) -> None:
    shutil.copyfile(_records(copy, "test"), _records(copy, "validation"))
    assert len(FASHION_SCENES.load_unverified(copy, "tiny", "validation")) == 12
    with pytest.raises(TaskInputError, match=r"tiny/validation has content .* expected .*: delete .* prepare again"):
        load_scenes(copy, "tiny", "validation")


def test_preparing_counts_its_progress_and_refuses_content_that_is_not_what_is_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PINNED["fashion_scenes"], "tiny", dict.fromkeys(SPLITS, "0" * 64))
    # Past this limit tensorflow_datasets asks for TensorFlow: preparing `full` once ended that way, after minutes.
    monkeypatch.setattr(shuffle, "MAX_MEM_BUFFER_SIZE", 100_000)
    seen: list[tuple[int, int]] = []
    with pytest.raises(TaskInputError, match=r"tiny/train has content .* expected 000000000000"):
        FASHION_SCENES.prepare(tmp_path, "tiny", lambda done, total: seen.append((done, total)))
    assert seen == [(24, 48), (36, 48), (48, 48)]
    assert shuffle.MAX_MEM_BUFFER_SIZE == 100_000


def test_a_damaged_description_is_named(copy: Path) -> None:
    description = next(copy.rglob("dataset_info.json"))
    description.write_text(description.read_text()[:100])
    with pytest.raises(TaskInputError, match=rf"{re.escape(str(description.parent))} is damaged"):
        load_scenes(copy, "tiny", "train")


def test_a_missing_file_is_named(copy: Path) -> None:
    file = _records(copy, "test")
    file.unlink()
    with pytest.raises(TaskInputError, match=r"is damaged .*No such file"):
        load_scenes(copy, "tiny", "test")


@pytest.mark.parametrize(
    ("config", "split", "message"),
    [("tiny", "train", "tiny is not prepared in"), ("huge", "train", "allowed: tiny"), ("tiny", "dev", "allowed: tr")],
)
def test_what_cannot_be_loaded_is_said_in_one_line(tmp_path: Path, config: str, split: str, message: str) -> None:
    with pytest.raises(TaskInputError, match=message):
        load_scenes(tmp_path, config, split)


def test_a_killed_preparation_leaves_nothing_that_loads_and_the_next_one_clears_up(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    killed_midway = (
        "import os, signal, sys; from pathlib import Path; from tasks.data.own_datasets import FASHION_SCENES\n"
        "def die(done, _):\n    if done == 36: os.kill(os.getpid(), signal.SIGKILL)\n"
        "FASHION_SCENES.prepare(Path(sys.argv[1]), 'tiny', die)"
    )
    done = subprocess.run([sys.executable, "-c", killed_midway, tmp_path], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGKILL, "", "")
    assert list(tmp_path.rglob("incomplete.*"))
    with pytest.raises(TaskInputError, match="is not prepared"):
        load_scenes(tmp_path, "tiny", "train")
    FASHION_SCENES.prepare(tmp_path, "tiny")
    assert not list(tmp_path.rglob("incomplete.*"))
    assert len(load_scenes(tmp_path, "tiny", "test")) == 12
    assert capfd.readouterr() == ("", "")


def test_composing_needs_no_tensorflow_datasets_nor_array_record(home: Path) -> None:
    composing = (
        "import sys; from pathlib import Path\n"
        "for name in ('tensorflow_datasets', 'array_record', 'jax', 'skimage'): sys.modules[name] = None\n"
        "from tasks.data.own_datasets import compose_split\n"
        "objects, photographs = map(Path, sys.argv[1:])\n"
        "print(len(compose_split('fashion_scenes', 'tiny', 'test', objects, photographs)))"
    )
    command = [sys.executable, "-c", composing, find_folder(home), find_photographs(home)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("12\n", 0), done.stderr


def test_neither_importing_nor_reading_loads_tensorflow_or_torch(home: Path) -> None:
    reading = (
        "import sys; from pathlib import Path; from tasks.data.own_datasets import FASHION_SCENES\n"
        "assert not {'tensorflow_datasets', 'scipy', 'jax'} & set(sys.modules)\n"
        "assert len(FASHION_SCENES.load(Path(sys.argv[1]), 'tiny', 'test')) == 12\n"
        "import tasks.data.contact_sheet\n"
        "assert 'tensorflow_datasets' in sys.modules\n"
        "print([name for name in ('tensorflow', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", reading, home], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


def test_the_contact_sheet_draws_boxes_where_objects_are(tiny: dict[str, Scenes], tmp_path: Path) -> None:
    write_contact_sheet(tiny["test"], tmp_path / "deep" / "sheet.png", CLASSES, n=7)
    with Image.open(tmp_path / "deep" / "sheet.png") as sheet:
        pixels = np.asarray(sheet)
    tile = 3 * SIDE + 6
    assert pixels.shape == (2 * tile + 6, 6 * tile + 6, 3)
    last = int((tiny["test"].labels[0] >= 0).sum()) - 1
    bottom, right = (tiny["test"].boxes[0, last, 2:] * 3 * SIDE).round().astype(int)
    colours = [(255, 194, 10), (64, 176, 255), (255, 90, 160), (90, 255, 140)]
    assert tuple(pixels[6 + bottom - 1, 6 + right - 1]) == colours[last]


def test_a_contact_sheet_of_more_scenes_than_there_are_is_refused(tiny: dict[str, Scenes], tmp_path: Path) -> None:
    with pytest.raises(TaskInputError, match="allowed: 1 to 12"):
        write_contact_sheet(tiny["test"], tmp_path / "sheet.png", CLASSES, n=13)
