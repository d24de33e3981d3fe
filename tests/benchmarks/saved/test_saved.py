"""Folders of trained networks: what is there is taken as it is, and what is not one is named."""

import dataclasses
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmarks.commands.export import export, lines
from benchmarks.errors import BenchmarkInputError, NoResultError
from benchmarks.evaluators.trained import trial_key
from benchmarks.evaluators.weights import copy_kept, keep, kept_folder, read_weights, write_weights
from benchmarks.saved.drawn import draw_prediction, read_image
from benchmarks.saved.export import Compiled, Exported
from benchmarks.saved.folder import check_save, read_saved, save
from benchmarks.saved.network import network_of
from benchmarks.store.records import Trial
from hw_model.blocks import Block
from hw_model.vela.tflite_writer import write_tflite
from tasks.augmentation import Augmentation
from tasks.data.labelled import LabelledImages
from tasks.data.user.images import load_image, to_array
from tasks.deployment.litert import run_tflite
from tasks.fidelity import Fidelity
from tasks.networks.blocks import ChainNetwork
from tasks.networks.initialise import initialise
from tasks.registry import make_task
from tasks.spaces.registry import article_space
from tasks.training import TrainState, predict
from tests.cli import refused
from tests.hw_model.networks import SMALL

TASK = make_task("classification", "fashion_items")
FIDELITY = Fidelity("smoke", 512, 50, "test", 64, batch_size=2)
BLOCKS = (
    Block("conv", 14, 14, 1, 4, stride=2),
    Block("global_pool", 7, 7, 4, 4),
    Block("conv", 1, 1, 4, 10, kernel=1, activation=False),
)
SEED = 1000


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home that keeps one network, which nothing has trained."""
    home = tmp_path_factory.mktemp("saved")
    variables = initialise(ChainNetwork(BLOCKS), (14, 14, 1), jax.random.key(3))
    key = trial_key(TASK, BLOCKS, FIDELITY, SEED)
    trial = Trial.finished(key, {"accuracy": 0.25, "nll": 2.0}, example_passes=50, training_flops=1.0, seconds=1.0)
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (3, 28, 28, 1), dtype=np.uint8)
    examples = LabelledImages(images, np.arange(3, dtype=np.int32), np.arange(3))
    predictions = TASK.predict(jax.numpy.asarray(generator.normal(size=(3, 1, 1, 10))))
    state = TrainState(variables["params"], variables["batch_stats"], None)
    keep(kept_folder(home, key), TASK, trial, state, examples, predictions)
    return home


@pytest.fixture
def folder(home, tmp_path):
    save(tmp_path / "net", home, TASK, "small", BLOCKS, FIDELITY, SEED)
    return tmp_path / "net"


def test_what_was_saved_is_read_back(home, folder):
    saved = read_saved(folder)
    assert (saved.name, saved.blocks, saved.task, saved.fidelity) == ("small", BLOCKS, TASK, FIDELITY)
    assert saved.quality == {"accuracy": 0.25, "nll": 2.0}
    wanted = initialise(ChainNetwork(BLOCKS), (14, 14, 1), jax.random.key(3))
    assert jax.tree.map(np.array_equal, saved.variables, dict(wanted)) == jax.tree.map(lambda leaf: True, dict(wanted))
    with Image.open(folder / "predictions.png") as drawn:
        assert drawn.size[0] > 3 * 2 * 56  # three pairs
    rows = pd.read_csv(folder / "per_class.csv")
    assert rows["class"].tolist() == list(TASK.class_names)
    assert rows["images"].tolist() == [1, 1, 1, *[0] * 7]
    confusion = pd.read_csv(folder / "confusion.csv", index_col="true")
    assert confusion.columns.tolist() == list(TASK.class_names)
    assert confusion.to_numpy().sum() == 3


def test_the_changes_of_training_images_are_read_back(home, folder):
    file = folder / "settings.json"
    changed = make_task("classification", "fashion_items", None, Augmentation(mirror=False, brightness=0.1))
    settings = json.loads(file.read_text()) | {"augmentation": dataclasses.asdict(changed.augmentation)}
    settings["data_version"] = changed.data_version(FIDELITY.data)
    file.write_text(json.dumps(settings))
    saved = read_saved(folder)
    assert saved.task == changed
    saved.check_data()
    file.write_text(json.dumps(settings | {"augmentation": settings["augmentation"] | {"shift_pixels": -1}}))
    with pytest.raises(BenchmarkInputError, match='"augmentation" has shift_pixels -1; allowed: whole numbers from 0'):
        read_saved(folder)


def test_a_folder_takes_the_same_training_again_and_no_other(home, folder, tmp_path):
    assert check_save(folder, TASK, BLOCKS, FIDELITY, SEED)
    shutil.rmtree(folder / "weights")  # as if it had been stopped before the end
    assert not check_save(folder, TASK, BLOCKS, FIDELITY, SEED)
    save(folder, home, TASK, "small", BLOCKS, FIDELITY, SEED)
    assert check_save(folder, TASK, BLOCKS, FIDELITY, SEED)
    assert not check_save(tmp_path / "new", TASK, BLOCKS, FIDELITY, SEED)
    with pytest.raises(BenchmarkInputError, match="net holds another training; allowed: a new folder"):
        check_save(folder, TASK, BLOCKS, FIDELITY, SEED + 1)
    with pytest.raises(BenchmarkInputError, match=r"'net'; allowed: a new folder, or one of this training"):
        check_save(tmp_path, TASK, BLOCKS, FIDELITY, SEED)
    with pytest.raises(BenchmarkInputError, match="Not a directory; allowed: a folder"):
        check_save(folder / "network.json", TASK, BLOCKS, FIDELITY, SEED)
    with pytest.raises(NoResultError, match="seed 1001: it was trained by a machine that shares no home with this one"):
        save(tmp_path / "new", home, TASK, "small", BLOCKS, FIDELITY, SEED + 1)


def test_a_network_is_not_evaluated_on_data_that_have_changed_since(folder):
    read_saved(folder).check_data()
    change(folder / "settings.json", "data_version", "older")
    with pytest.raises(BenchmarkInputError, match=r"fashion_items has changed since the network of .*net was trained"):
        read_saved(folder).check_data()


def change(path, name, value):
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {name: value}))


OTHER = {"a": np.zeros(2)}
DAMAGES = [
    (lambda folder: shutil.rmtree(folder / "weights"), "has no weights/; allowed: a folder that"),
    (lambda folder: (folder / "settings.json").unlink(), "settings.json' cannot be read as JSON: no such file"),
    (lambda folder: (folder / "settings.json").write_text("[]"), "holds no object; allowed: what"),
    (lambda folder: (folder / "settings.json").write_text("{}"), "has no 'task'; allowed: what"),
    (lambda folder: change(folder / "settings.json", "task", "speech"), "unknown task 'speech'; allowed"),
    (lambda folder: change(folder / "settings.json", "task", []), "task is []; allowed: a name"),
    (lambda folder: change(folder / "settings.json", "dataset", 5), "dataset is 5; allowed: a name"),
    (lambda folder: change(folder / "settings.json", "data_version", 3), "data_version is 3; allowed: a name"),
    (lambda folder: change(folder / "settings.json", "classes", None), "classes is None; allowed: a whole number"),
    (lambda folder: change(folder / "settings.json", "class_names", ["a", "b"]), "; those of "),
    (lambda folder: change(folder / "settings.json", "classes", 3), "into 3 classes; allowed: 10"),
    (lambda folder: change(folder / "settings.json", "fidelity", {}), '"fidelity" has other fields; allowed: data'),
    (
        lambda folder: change(folder / "settings.json", "fidelity", vars(FIDELITY) | {"eval_examples": "all"}),
        "\"fidelity\" has eval_examples 'all'; allowed: whole numbers from 1",
    ),
    (
        lambda folder: change(folder / "settings.json", "fidelity", vars(FIDELITY) | {"eval_examples": 0}),
        '"fidelity" has eval_examples 0; allowed: whole numbers from 1',
    ),
    (lambda folder: (folder / "network.json").write_text("{"), "network.json' cannot be read as JSON"),
    (lambda folder: (folder / "weights/_METADATA").write_text("{"), "weights cannot be read"),
    (
        lambda folder: write_weights(folder / "weights", {"params": OTHER, "batch_stats": OTHER}),
        "weights/ are not those of network.json; train it again",
    ),
    (
        lambda folder: write_weights(folder / "weights", {"others": OTHER}),
        'weights holds other arrays; allowed: "params" and "batch_stats"',
    ),
]


def test_a_folder_without_the_trained_quality_is_refused_before_anything_is_exported(folder, monkeypatch):
    (folder / "metrics.json").write_text("{}")
    monkeypatch.setattr("benchmarks.runtime.prepare.prepare_with_progress", lambda *_: pytest.fail("data are prepared"))
    monkeypatch.setattr("tasks.deployment.litert.check_extra", lambda: None)
    with pytest.raises(BenchmarkInputError, match=r'metrics.json has no "quality" with accuracy'):
        export(folder)


def test_an_export_names_the_outputs_of_its_files_in_their_order(folder, monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (16, 28, 28, 1), dtype=np.uint8)
    examples = SimpleNamespace(images=images, labels=np.arange(16, dtype=np.int32) % 10, take=lambda _: examples)
    monkeypatch.setattr("benchmarks.runtime.prepare.prepare_with_progress", lambda *_: None)
    monkeypatch.setattr(type(TASK), "load", lambda *_: examples)
    export(folder)
    outputs = json.loads((folder / "export.json").read_text())["outputs"]
    assert outputs == list(TASK.class_names)
    found = run_tflite((folder / "int8.tflite").read_bytes(), np.zeros((1, 14, 14, 1), np.float32))
    assert found.shape == (1, 1, 1, len(outputs))


@pytest.mark.parametrize(("damage", "line"), DAMAGES, ids=[line[:40] for _, line in DAMAGES])
def test_what_is_no_such_folder_is_one_line(folder, tmp_path, damage, line):
    damage(folder)
    Image.new("RGB", (8, 8)).save(tmp_path / "image.png")
    before = sorted(path.name for path in folder.iterdir())
    assert line in refused("predict", folder, tmp_path / "image.png")
    assert sorted(path.name for path in folder.iterdir()) == before


BAD = [
    (("predict", "FOLDER", "nowhere.jpg"), "'nowhere.jpg' is no image that can be read: [Errno 2]"),
    (("predict", "FOLDER", "FOLDER/network.json"), "is no image that can be read: of no known format"),
    (("predict", "FOLDER", "FOLDER/predictions.png", "--model", "int8"), "int8.tflite: no such file; `accelnas export"),
    (
        ("predict", "FOLDER", "FOLDER/predictions.png", "--output", "FOLDER/network.json"),
        "is there; allowed: a new file",
    ),
    (("predict", "FOLDER", "FOLDER/predictions.png", "--model", "onnx"), "invalid choice 'onnx'"),
    (("export", "FOLDER", "--accelerator", "tpu"), "unknown accelerator 'tpu'; allowed: ethos-u55-32"),
    (("export", "FOLDER", "--calibration", "0"), "calibration images is 0; allowed: 1 to 20000"),
    (("export", "nowhere"), "nowhere has no weights/; allowed: a folder that `accelnas train --save` wrote"),
    (("train", "V3:0 0", "--task", "detection"), "genotype for space V3 has 2 values; it needs 9"),
    (("train", "V3:0 0 0 0 0 0 0 0 x", "--task", "detection"), "genotype '0 0 0 0 0 0 0 0 x' of V3; allowed: 9 whole"),
    (("train", "V4:0"), "unknown space 'V4' of detection; allowed: uncurated, curated-8, curated-16, V3"),
    (("train", "V3:0 0 0 0 0 0 0 0 0", "--save", "FOLDER"), "net holds another training; allowed: a new folder"),
    (("train", "V3:0 0 0 0 0 0 0 0 0", "--profile", "huge"), "unknown profile 'huge'; allowed: smoke"),
]


@pytest.mark.parametrize(("arguments", "line"), BAD, ids=[line[:40] for _, line in BAD])
def test_bad_input_is_one_line_and_changes_nothing(folder, tmp_path, arguments, line):
    before = sorted(path.name for path in folder.iterdir())
    given = [each.replace("FOLDER", str(folder)) for each in arguments]
    where = () if given[0] == "predict" else ("--home", tmp_path / "home")
    assert line in refused(*given, *where)
    assert sorted(path.name for path in folder.iterdir()) == before
    assert not (tmp_path / "home").exists()


def test_a_tflite_file_cannot_be_trained_and_is_said_to_be_one(tmp_path):
    file = tmp_path / "small.tflite"
    file.write_bytes(write_tflite(SMALL))
    with pytest.raises(BenchmarkInputError, match=r"small.tflite' is a .tflite file; allowed here: a network in JSON"):
        network_of(file, make_task("detection"))


def test_a_genotype_is_the_network_of_its_space():
    task = make_task("detection")
    network = network_of(Path("V3:1 0 1,1 1 1 1 1 1"), task)
    assert network.blocks == article_space(task, "V3").decode((1, 0, 1, 1, 1, 1, 1, 1, 1))
    assert network.name == "detection V3"


def test_an_image_is_turned_as_its_camera_says_and_drawn_on_at_its_own_size(folder, tmp_path):
    image = Image.new("RGB", (60, 30), (255, 0, 0))
    exif = image.getexif()
    exif[0x0112] = 6  # turned by 90 degrees
    image.save(tmp_path / "turned.jpg", exif=exif)
    assert read_image(tmp_path / "turned.jpg", 3).shape == (60, 30, 3)
    assert read_image(tmp_path / "turned.jpg", 1).shape == (60, 30, 1)
    saved, turned = read_saved(folder), read_image(tmp_path / "turned.jpg", 1)
    words = draw_prediction(saved, turned, "weights", tmp_path / "drawn.png")
    assert len(words) == 5
    assert words[0].rpartition(" ")[0] in TASK.class_names
    with Image.open(tmp_path / "drawn.png") as drawn:
        assert drawn.size == (150, 300)
        assert len(drawn.getcolors(100_000)) > 1


def test_a_network_sees_of_a_long_image_what_preparing_would_make_of_it(folder, tmp_path, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (60, 6144), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "long.png")
    seen = []
    monkeypatch.setattr("benchmarks.saved.drawn.predict", lambda *given: (seen.append(given[3]), predict(*given))[1])
    draw_prediction(read_saved(folder), read_image(tmp_path / "long.png", 1), "weights", tmp_path / "drawn.png")
    np.testing.assert_array_equal(seen[0][0], to_array(load_image(tmp_path / "long.png"), TASK.side_pixels, 1))
    with Image.open(tmp_path / "drawn.png") as drawn:
        assert drawn.size == (1024, 10)


def test_what_is_said_of_an_export_fits_a_terminal_and_names_a_loss_of_more_than_a_point():
    def told(int8, on_cpu=0):
        exported = Exported(bytes(4096), bytes(1024), {"accuracy": 0.912}, {"accuracy": int8}, 3e-6)
        return lines("accuracy", 4_000, exported, [Compiled("ethos-u85-1024-sram-only", 0.2, 0.25, 150_000, on_cpu)])

    assert max(map(len, told(0.9, 3))) <= 80
    assert "int8 loses 1.20 points of accuracy, MORE than 1 point." in told(0.9)
    assert "int8 loses 0.20 points of accuracy, within 1 point." in told(0.91)
    assert "int8 gains 0.30 points of accuracy, within 1 point." in told(0.915)
    assert "ethos-u85-1024-sram-only       0.2000       0.2500      +25.0%       146" in told(0.9)
    assert any("3 operators stay on the host" in line for line in told(0.9, 3))
    assert not any("host" in line for line in told(0.9))


def test_weights_are_replaced_whole(tmp_path):
    write_weights(tmp_path / "weights", {"params": {"a": np.arange(3.0)}, "batch_stats": {"b": np.ones(1)}})
    write_weights(tmp_path / "weights", {"params": {"a": np.arange(2.0)}, "batch_stats": {"b": np.ones(1)}})
    assert read_weights(tmp_path / "weights")["params"]["a"].tolist() == [0, 1]


def test_searches_that_end_the_same_training_at_once_keep_and_copy_its_weights_whole(tmp_path):
    variables = {"params": {"a": np.arange(30_000.0)}, "batch_stats": {"b": np.ones(1)}}

    def search(_):
        write_weights(tmp_path / "kept" / "weights", variables)
        copy_kept(tmp_path / "kept", tmp_path / "results")

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(search, range(3)))
    for folder in ("kept", "results"):
        assert (read_weights(tmp_path / folder / "weights")["params"]["a"] == np.arange(30_000)).all()
