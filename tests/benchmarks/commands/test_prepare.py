"""`accelnas prepare` with data sets of the catalogue, whose builders are stood in for: nothing is downloaded."""

from pathlib import Path

import pytest
import tensorflow_datasets as tfds

from tasks.data import catalogue
from tests.cli import accelnas

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
) -> None:
    monkeypatch.setattr(catalogue, "find_spec", lambda name: name)
    code, printed, _ = accelnas(*command.split()[1:])
    assert code == 0
    assert built == [f"{asked} as array_record"]
    assert printed == f"{said}: .accelnas/data/{asked.replace(':', '/')}\n"


def test_the_baselines_page_prepares_pets_by_the_command_tested_here() -> None:
    assert f"`{PREPARE_PETS}`" in (Path(__file__).parents[3] / "docs/results/baselines.md").read_text()


def test_without_tensorflow_nothing_is_downloaded_and_one_line_says_why(
    built: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "find_spec", lambda name: None)
    code, printed, errors = accelnas(*PREPARE_PETS.split()[1:])
    assert (code, built, printed, len(errors.splitlines())) == (2, [], "", 1)
    assert "needs TensorFlow in the environment used for preparing" in errors
