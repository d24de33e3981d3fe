"""The worked example of docs/data.md, as a new user goes through it: files, preparation, a training."""

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.store.files import write_network
from hw_model.blocks import Block
from tests.cli import accelnas, refused
from tests.test_doc_blocks import ROOT, blocks

PAGE = ROOT / "docs/data.md"
NETWORK = (
    Block("conv", 16, 24, 3, 8, stride=2),
    Block("global_pool", 8, 12, 8, 8),
    Block("conv", 1, 1, 8, 3, kernel=1, activation=False),
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with what the page's first block makes, and a small network."""
    folder = tmp_path_factory.mktemp("own")
    (code,) = (code for language, code in blocks(PAGE) if language == "python" and "make_shapes" in code)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec(compile(code, "make_shapes.py", "exec"), {"__name__": "make_shapes"})
    write_network(folder / "network.json", "small", NETWORK)
    return folder


def test_the_answer_to_prepare_is_the_one_on_the_page(files, monkeypatch):
    monkeypatch.chdir(files)
    code, printed, errors = accelnas("prepare", "--dataset", "folder:shapes?side=64", "--home", files / "home")
    assert code == 0, errors
    (said,) = (code.strip() for language, code in blocks(PAGE) if language == "text")
    assert printed.splitlines()[1].strip() == said


@pytest.mark.timeout(600)
def test_a_network_is_trained_on_it_and_reported_class_by_class(files, monkeypatch):
    monkeypatch.chdir(files)
    what = ("--task", "classification", "--dataset", "folder:shapes?side=16x24", "--profile", "smoke")
    how = ("--training", "passes=64", "batch_size=8", "mirror=no", "--save", "out", "--home", files / "home")
    code, printed, errors = accelnas("train", "network.json", *what, *how)
    assert code == 0, errors
    assert "over 1 seed(s), 15 examples" in printed
    by_class = pd.read_csv("out/per_class.csv")
    assert by_class["class"].tolist() == ["ellipse", "line", "rectangle"]
    assert by_class["images"].tolist() == [5, 5, 5]
    confusion = pd.read_csv("out/confusion.csv", index_col="true")
    right = confusion.to_numpy().trace()
    assert json.loads(Path("out/metrics.json").read_text())["quality"]["accuracy"] == pytest.approx(right / 15)
    fidelity = json.loads(Path("out/settings.json").read_text())["fidelity"]
    assert (fidelity["example_passes"], fidelity["batch_size"]) == (64, 8)


def test_a_classifier_whose_output_is_not_one_pixel_is_refused_before_anything_is_prepared(files, monkeypatch):
    monkeypatch.chdir(files)
    write_network(files / "unpooled.json", "unpooled", (NETWORK[0], Block("conv", 8, 12, 8, 3, kernel=1)))
    what = ("--task", "classification", "--dataset", "folder:shapes?side=16x24", "--profile", "smoke")
    said = refused("train", "unpooled.json", *what, "--home", files / "other_home")
    assert "network unpooled.json: its output is 8 x 12; allowed for classification: 1 x 1 (global_pool)" in said
    assert not (files / "other_home").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--dataset", "shapes"), "there is no data set 'shapes'; say what it is, folder:PATH, coco:FILE.json"),
        (("--dataset", "folder:shapes", "--task", "detection"), "allowed: classification"),
        (("--dataset", "folder:shape"), "No such file or directory; allowed: a folder"),
        (("--dataset", "folder:shapes", "--classes", "2"), "into 2 classes; allowed: 3"),
        (("--dataset", "folder:shapes?size=9"), "after the question mark 'size=9'; allowed: side=..."),
        (("--dataset", "folder:shapes", "--training", "side=9"), "--training 'side=9'; allowed: NAME=VALUE of passes"),
    ],
)
def test_what_cannot_be_is_one_line_before_anything_long(arguments, said, files, monkeypatch):
    monkeypatch.chdir(files)
    task = () if "--task" in arguments else ("--task", "classification")
    where = ("--home", files / "home", "--results", files / "results")
    assert said in " ".join(refused("search", *task, *arguments, *where).split())
    assert not (files / "results").exists()
