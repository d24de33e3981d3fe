"""Every experiment can be listed, set up and run by name, and writes where no other settings' files lie."""

import dataclasses
import importlib
import json
import os
import re
import subprocess
import threading
from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.experiment import Experiment
from benchmarks.experiments.registry import EXPERIMENTS, find_experiments
from benchmarks.store.made import noted
from benchmarks.store.provenance import current_provenance
from benchmarks.tables.files import SHIPPED
from hw_model.files import folder_locked
from hw_model.vela.accelerators import ETHOS_U
from nas_algos.errors import AlgorithmInputError
from tasks.registry import TASKS

ROOT = Path(__file__).parents[3]
NOT_SHIPPED_YET = {
    "single_shot/single_shot_spend.csv",
    "timings/supernet_speed.csv",
}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_has_settings_and_a_run(name):
    experiment = EXPERIMENTS[name]
    settings = experiment.settings({})
    assert dataclasses.fields(settings)
    assert set(experiment.chooses_rows) <= {each.name for each in dataclasses.fields(settings)}
    assert experiment.folder(Path("results"), settings) == Path("results") / experiment.shelf
    assert callable(importlib.import_module(experiment.module).run)
    assert f"reproduce {name} " in (type(settings).__doc__ or "")
    assert experiment.hours > 0


def test_the_page_on_reproducing_names_the_experiments_that_have_profiles():
    text = (ROOT / "docs/how-to/reproduce.md").read_text().split("**Profiles.**")[1].split("alone")[0]
    have = {name for name, each in EXPERIMENTS.items() if hasattr(each.settings({}), "profile")}
    assert set(re.findall(r"`(\w+)`", text)) == have


def test_every_module_with_a_run_of_its_own_is_an_experiment():
    runnable = {path for path in (ROOT / "benchmarks").rglob("*.py") if "def run(settings: " in path.read_text()}
    assert runnable == {ROOT / f"{each.module.replace('.', '/')}.py" for each in EXPERIMENTS.values()}


def test_every_shipped_file_is_one_that_an_experiment_writes():
    written = {f"{each.shelf}/{name}" for each in EXPERIMENTS.values() for name in each.files}
    tracked = subprocess.run(["git", "ls-files", "results"], cwd=ROOT, capture_output=True, text=True, check=True)
    shipped = {path.removeprefix("results/") for path in tracked.stdout.split()}
    # made by hand from runs whose settings or machine were others: the pages say which
    apart = {
        "timings/training_speed_earlier.csv",
        # by `accelnas table`, here or by a machine with an accelerator
        *(f"tables/{task}.parquet" for task in TASKS),
        *(f"tables/design/{task}.csv" for task in TASKS),
        *(f"tables/winners/{task}.csv" for task in TASKS),
        "tables/gpu.csv",
    }
    folders = {path for path in shipped if "/" in path and "/measured/" not in path}
    assert folders - written == apart
    assert written - folders <= NOT_SHIPPED_YET


def test_names_are_found_once_and_unknown_ones_named():
    assert [each.name for each in find_experiments(("claims", "detection", "claims"))] == ["claims", "detection"]
    with pytest.raises(BenchmarkInputError, match="unknown experiment 'poetry'; allowed: detection, "):
        find_experiments(("spaces", "poetry"))


def test_settings_are_read_as_what_they_are():
    settings = EXPERIMENTS["single_shot"].settings({"task": "detection", "seeds": "2"})
    assert (settings.task, settings.seeds) == (("detection",), 2)
    assert EXPERIMENTS["detection"].settings({"tolerances": "0.5,0.25"}).tolerances == (0.5, 0.25)
    assert EXPERIMENTS["landscape"].settings({"compiled": "a.csv"}).compiled == Path("a.csv")
    assert EXPERIMENTS["landscape"].settings({"compiled": "none"}).compiled is None
    assert EXPERIMENTS["zero_shot"].settings({"correlate_only": "true"}).correlate_only
    with pytest.raises(AlgorithmInputError, match="single_shot: seeds is 'few'; allowed: a whole number"):
        EXPERIMENTS["single_shot"].settings({"seeds": "few"})
    assert EXPERIMENTS["controls"].settings({"dataset": "photo_objects", "task": "detection"}).task == ("detection",)
    with pytest.raises(BenchmarkInputError, match="unknown task 'poetry'; allowed: "):
        EXPERIMENTS["controls"].settings({"task": "poetry"})
    with pytest.raises(BenchmarkInputError, match=r"surrogate: 0 repeats, .*; allowed: 1 and more"):
        EXPERIMENTS["surrogate"].settings({"repeats": "0"})


def test_other_figures_go_to_a_folder_of_their_own_and_other_rows_do_not():
    surrogate, results = EXPERIMENTS["surrogate"], Path("results")
    assert surrogate.folder(results, surrogate.settings({"task": "detection"})) == results / "surrogate"
    other = surrogate.folder(results, surrogate.settings({"repeats": "5", "sizes": "30,100"}))
    assert other == results / "surrogate" / "surrogate-sizes=30,100-repeats=5"
    iso = EXPERIMENTS["iso_latency"]
    folders = {iso.folder(results, iso.settings({"tables": f"/{name}/results"})).name for name in "ab"}
    assert len(folders) == 2
    baselines = EXPERIMENTS["baselines"]
    other = baselines.settings({"dataset": "fashion_items", "task": "classification", "recipe": "final"})
    assert baselines.folder(results, other) == results / "baselines"


def test_a_folder_of_many_settings_has_a_name_that_file_systems_take_and_others_do_not_have(tmp_path):
    skeletons = EXPERIMENTS["skeletons"]
    folders = [
        skeletons.folder(tmp_path, skeletons.settings({"accelerators": ",".join(names)}))
        for names in (list(ETHOS_U), list(ETHOS_U)[::-1], list(ETHOS_U)[:-1])
    ]
    assert len(set(folders)) == 3
    for folder in folders:
        folder.mkdir(parents=True)


def test_a_folder_says_with_which_settings_each_experiment_was_run(tmp_path):
    speeds = [
        Experiment(name, "nothing", 0.1, "here", ("a.csv",), "tests.benchmarks.experiments.test_registry")
        for name in ("one", "other")
    ]
    for each in speeds:
        assert (
            each.run(each.settings({"number": "3"}), tmp_path, tmp_path) == tmp_path / "here" / f"{each.name}-number=3"
        )
        each.run(each.settings({}), tmp_path, tmp_path)
    told = json.loads((tmp_path / "here" / "settings.json").read_text())
    assert list(told) == ["one", "other"]
    assert told["one"]["settings"] == {"number": 1}
    assert told["one"]["provenance"]["threads"] >= 1
    assert set(noted(tmp_path / "here")) == {"one", "other"}
    experiment = speeds[0]
    folder = experiment.run(experiment.settings({"tables": str(tmp_path)}), tmp_path, tmp_path)
    told = json.loads((folder / "settings.json").read_text())
    assert told["one"]["settings"] == {"number": 1, "tables": str(tmp_path)}  # a folder that was given is named


@pytest.mark.parametrize(
    ("note", "what"),
    [
        ("{", "cannot be read as JSON: .*move it away first"),
        ("[]", "is no note of experiments; allowed: what they wrote; move it away first"),
        ('{"settings": {}, "made_by": {}}', "is no note of experiments"),  # as `run_folder` writes
        ('{"one": {"settings": {}, "provenance": {"commit": "0"}}}', "is no note of experiments"),
    ],
)
def test_a_settings_file_that_is_no_note_is_refused_in_a_line_before_the_run_and_stays(tmp_path, note, what):
    experiment = Experiment("one", "nothing", 0.1, "here", ("a.csv",), __name__)
    file = tmp_path / "here" / "settings.json"
    file.parent.mkdir()
    file.write_text(note)
    for read in (lambda: experiment.run(Settings(), tmp_path, tmp_path), lambda: noted(file.parent)):
        with pytest.raises(BenchmarkInputError, match=what) as caught:
            read()
        assert "\n" not in str(caught.value)
    assert os.listdir(file.parent) == ["settings.json"]
    assert file.read_text() == note


def test_experiments_of_one_folder_that_end_at_once_are_both_noted(tmp_path):
    folder = tmp_path / "here"
    note = {"other": {"settings": {}, "provenance": vars(current_provenance())}}
    experiment = Experiment("one", "nothing", 0.1, "here", ("a.csv",), __name__)
    thread = threading.Thread(target=experiment.run, args=(Settings(), tmp_path, tmp_path))
    with folder_locked(folder):  # as the other one does while it writes
        thread.start()
        thread.join(0.5)
        (folder / "settings.json").write_text(json.dumps(note))
    thread.join()
    assert set(noted(folder)) == {"one", "other"}


@dataclasses.dataclass(frozen=True)
class Settings:
    number: int = 1
    tables: Path = SHIPPED


def run(settings: Settings, home: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.csv").touch()
