"""`accelnas prepare` with data sets of the catalogue, whose builders are stood in for: nothing is downloaded."""

import sys
from pathlib import Path

import pytest
import tensorflow_datasets as tfds

from benchmarks.cli import main
from tasks.data import catalogue

PREPARE_PETS = "accelnas prepare --dataset oxford_iiit_pet --download"


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What the command line asks the catalogue's builders for, which here only leave the file that says they did."""
    asked = []

    class Builder:
        def __init__(self, name: str, data_dir: str, file_format: str):
            asked.append(f"{name} as {file_format}")
            self.folder = Path(data_dir) / name.replace(":", "/")

        def download_and_prepare(self) -> None:
            self.folder.mkdir(parents=True)
            (self.folder / "dataset_info.json").write_text("{}")

    monkeypatch.setattr(tfds, "builder", Builder)
    monkeypatch.chdir(tmp_path)
    return asked


def accelnas(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setattr(sys, "argv", command.split())
    main()


@pytest.mark.parametrize(
    ("command", "asked", "said"),
    [
        (PREPARE_PETS, "oxford_iiit_pet:4.0.0", "oxford_iiit_pet (species)"),
        ("accelnas prepare --dataset voc_2007 --download", "voc/2007:5.0.0", "voc_2007 (objects)"),
        (f"{PREPARE_PETS} --data heads", "oxford_iiit_pet:4.0.0", "oxford_iiit_pet (heads)"),
    ],
)
def test_the_command_prepares_the_first_config_unless_one_is_named(
    command: str,
    asked: str,
    said: str,
    built: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(catalogue, "find_spec", lambda name: name)
    accelnas(monkeypatch, command)
    assert built == [f"{asked} as array_record"]
    assert capsys.readouterr().out == f"{said}: .accelnas/data/{asked.replace(':', '/')}\n"


def test_the_baselines_page_prepares_pets_by_the_command_tested_here() -> None:
    assert f"`{PREPARE_PETS}`" in (Path(__file__).parents[3] / "docs/results/baselines.md").read_text()


def test_without_tensorflow_nothing_is_downloaded_and_one_line_says_why(
    built: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(catalogue, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="2"):
        accelnas(monkeypatch, PREPARE_PETS)
    printed = capsys.readouterr()
    assert (built, printed.out, len(printed.err.splitlines())) == ([], "", 1)
    assert "needs TensorFlow in the environment used for preparing" in printed.err
