"""Tables from nothing: what is trained for one, and that it shows those trainings, without training any here."""

import dataclasses
import importlib
import itertools
import pkgutil
import re
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError, NoResultError
from benchmarks.evaluators.trained import trial_key
from benchmarks.experiments.registry import EXPERIMENTS
from benchmarks.problem import baseline_blocks
from benchmarks.store.records import Trial
from benchmarks.store.sqlite import open_store
from benchmarks.tables.build import Asked
from benchmarks.tables.files import SHIPPED, table_trials
from benchmarks.tables.model_rows import Model, model_rows
from benchmarks.tables.models import load_models
from benchmarks.tables.recipes import FINAL, SEARCH
from benchmarks.tables.trained import design_workload, trials_by
from benchmarks.verification import live as module
from benchmarks.verification.live import LIVE, Needed, check_live, hours_line, live, needed, wanted_by
from hw_model.cost import Cost
from hw_model.network_text import summary
from hw_model.vela.measurements import MeasurementCache
from hw_model.workload import chains_from_workload
from tasks.registry import TASKS, make_task


@pytest.mark.parametrize("name", [name for name in LIVE if LIVE[name].part == "article"])
def test_an_articles_table_is_made_of_the_tables_that_its_settings_name(name, tmp_path, monkeypatch):
    run = importlib.import_module(EXPERIMENTS[name].module)
    task = make_task(name if name in TASKS else "detection")
    models = SimpleNamespace(
        table=SimpleNamespace(task=task), baseline=SimpleNamespace(blocks=baseline_blocks(task)), rewritten=tuple
    )
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "truth.csv").write_text((SHIPPED / "truth" / "truth.csv").read_text())
    received, cost = [], Cost(2.0, 1000.0, 400.0, 1, 1.0, 0.0)

    def load_models(task, results):
        received.append(results)
        return models

    def load_table(task, space, results):
        received.append(results)
        raise LookupError("far enough")

    def no_costs(*_):
        if not tables:
            raise LookupError("far enough")
        return cost

    package = str(run.__package__)
    parts = [f"{package}.{each.name}" for each in pkgutil.iter_modules(importlib.import_module(package).__path__)]
    modules = [importlib.import_module(each) for each in parts]
    tables = [each for each in modules if hasattr(each, "load_table")]
    for each, own in itertools.product(modules, (load_models, load_table)):
        if hasattr(each, own.__name__):
            monkeypatch.setattr(each, own.__name__, own)
    # what is computed in between
    monkeypatch.setattr(run, "baseline_figures", lambda *_: defaultdict(lambda: (1.0, 0.5)), raising=False)
    monkeypatch.setattr(run, "exact_cost", no_costs, raising=False)
    monkeypatch.setattr(run, "expert_architecture", lambda *_: ((), ()), raising=False)
    monkeypatch.setattr(run, "predict", lambda *_: SimpleNamespace(cost=cost), raising=False)
    settings = dataclasses.replace(run.Settings(), tables=tmp_path)
    with pytest.raises((LookupError, BenchmarkInputError)) as ended:
        run.run(settings, tmp_path / "home", tmp_path / "folder")
    if isinstance(ended.value, BenchmarkInputError):  # it reads the tables of others too
        received.append(Path(str(ended.value).partition(": no such file")[0]))
    for each in tables:
        if hasattr(each, "full_search"):  # which comes after the others
            with pytest.raises(LookupError):
                each.full_search(models, "ethos-u65-512", (1.0, 0.5), settings)
    assert len(received) >= 1 + len(tables)
    assert {each == tmp_path or tmp_path in each.parents for each in received} == {True}


def test_what_is_trained_for_a_table_are_its_own_networks_with_five_seeds():
    names = set(pd.read_csv(SHIPPED / "detection" / "detection.csv")["network"])
    wanted = list(wanted_by("detection", "detection", SHIPPED))
    assert {summary(chain) for each in wanted for chain in each.cell.chains} <= names
    assert {each.fidelity for each in wanted} == {SEARCH["detection"], FINAL["detection"]}
    assert {len(each.cell.seeds) for each in wanted} == {5}


def test_trained_figures_take_the_place_of_predicted_ones(tmp_path, monkeypatch):
    task = make_task("detection")
    (found,) = needed("detection", tmp_path)
    asked = found.asked
    assert found.missing == len(asked)
    assert re.fullmatch(
        rf"x: {len(asked)} trainings, {len(asked)} of them to be done, about [1-9][0-9.]* hours of a core",
        hours_line("x", [found]),
    )
    with open_store(tmp_path) as store:
        store.put_all(
            Trial.finished(
                trial_key(task, each.chain, each.fidelity, each.seed),
                {"map": 0.5 + each.seed % 5 / 1000, "map50": 0.8},
                example_passes=1,
                seconds=1.0,
                training_flops=1e12,
            )
            for each in asked
        )

    assert needed("detection", tmp_path)[0][2:] == (0, 0.0)

    class Toy:
        """In place of the searches and the compiler: the networks that there are, at no cost."""

        @staticmethod
        def run(settings, home, folder):
            models = load_models("detection", settings.tables)
            count = len(models.baseline.blocks)
            networks = {each.chain: models.rewritten(each.chain) for each in asked if len(each.chain) == count}
            with MeasurementCache(":memory:") as cache:
                rows = model_rows(models, [Model("x", 0.0, each) for each in networks.values()], "toy", cache)
            pd.DataFrame(rows).to_csv(folder / "made.csv", index=False)

        Settings = importlib.import_module(EXPERIMENTS["detection"].module).Settings

    monkeypatch.setattr("benchmarks.tables.model_rows.exact_cost", lambda *_: Cost(2.0, 1000.0, 400.0, 1, 1.0, 0.0))
    monkeypatch.setattr("benchmarks.tables.build.prepare_with_progress", lambda *_: None)
    monkeypatch.setattr("benchmarks.evaluators.trained.LocalExecutor", None)  # nothing is trained
    monkeypatch.setattr(module, "import_module", lambda name: Toy)
    said = []
    folder = live("detection", tmp_path, said.append)
    assert said == ["== detection"]
    made = pd.read_csv(folder / "made.csv")
    assert len(made) > 1
    assert set(zip(made["quality_source"], made["recipe"], made["seeds"], strict=True)) == {("trained", "final", 5)}
    # what was shipped of other trainings is still there
    results = tmp_path / "live" / "detection" / "results"
    keys = [trial_key(task, each.chain, each.fidelity, each.seed) for each in asked]
    own = {key.architecture for key in keys}
    there = [each for recipe in (SEARCH, FINAL) for each in trials_by(results, "detection", recipe["detection"])]
    assert {trial.digest for trial in there if trial.key.architecture in own} == {key.digest for key in keys}
    assert sum(1 for _ in table_trials(results, "segmentation")) == sum(
        1 for _ in table_trials(SHIPPED, "segmentation")
    )


def test_a_network_that_searches_named_before_a_stop_is_in_the_table_of_the_next_call(tmp_path, monkeypatch):
    task = make_task("detection")
    first, other = (
        Asked("", (), baseline_blocks(task)[:length], FINAL["detection"], length) for length in (3, 4)
    )  # any two networks
    with open_store(tmp_path) as store:  # both were trained before the stop
        store.put_all(
            Trial.finished(
                trial_key(task, each.chain, each.fidelity, each.seed),
                {"map": 0.5, "map50": 0.8},
                example_passes=1,
                seconds=1.0,
                training_flops=1e12,
            )
            for each in (first, other)
        )
    seen = []

    class Toy:
        """In place of the searches, which name the other network."""

        @staticmethod
        def run(settings, home, folder):
            seen.append({trial.key.seed for trial in table_trials(settings.tables, "detection")} & {3, 4})

        Settings = importlib.import_module(EXPERIMENTS["detection"].module).Settings

    def found(name, home, results=SHIPPED):
        return [Needed("detection", (first,) if results == SHIPPED else (first, other), 0, 0.0)]

    monkeypatch.setattr("benchmarks.tables.build.prepare_with_progress", lambda *_: None)
    monkeypatch.setattr("benchmarks.evaluators.trained.LocalExecutor", None)  # nothing is trained
    monkeypatch.setattr(module, "import_module", lambda name: Toy)
    monkeypatch.setattr(module, "needed", found)
    live("detection", tmp_path, lambda line: None)
    assert seen == [{3}, {3, 4}]


def test_a_network_that_a_later_round_names_is_trained_here_though_it_is_shipped(tmp_path, monkeypatch):
    shipped = {trial.key.architecture: trial for trial in trials_by(SHIPPED, "detection", SEARCH["detection"])}
    trials = list(shipped.values())[:2]
    chains = design_workload("detection", [(trial.space, trial.genotype) for trial in trials])
    first, other = (
        Asked(trial.space, trial.genotype, chain, SEARCH["detection"], 7)
        for trial, chain in zip(trials, chains_from_workload(chains), strict=True)
    )
    before = []

    def train(home, results, task, asked):
        """In place of trainings: whose are in the table before."""
        there = {trial.key.architecture for trial in trials_by(results, "detection", SEARCH["detection"])}
        before.append([trial_key(task, each.chain, each.fidelity, each.seed).architecture in there for each in asked])

    class Toy:
        """In place of the searches, which name the other network."""

        run = staticmethod(lambda *_: None)
        Settings = importlib.import_module(EXPERIMENTS["detection"].module).Settings

    def found(name, home, results=SHIPPED):
        return [Needed("detection", (first,) if results == SHIPPED else (first, other), 0, 0.0)]

    monkeypatch.setattr(module, "train", train)
    monkeypatch.setattr(module, "import_module", lambda name: Toy)
    monkeypatch.setattr(module, "needed", found)
    live("detection", tmp_path, lambda line: None)
    assert before == [[False], [False, False]]
    results = tmp_path / "live" / "detection" / "results"
    assert len(list(table_trials(results, "detection"))) < len(list(table_trials(SHIPPED, "detection")))


def test_a_table_that_names_untrained_networks_to_the_end_is_no_success(tmp_path, monkeypatch):
    task, rounds = make_task("detection"), itertools.count(1)
    asked = [Asked("", (), baseline_blocks(task), FINAL["detection"], seed) for seed in range(100)]

    class Toy:
        """In place of the searches."""

        run = staticmethod(lambda *_: None)
        Settings = importlib.import_module(EXPERIMENTS["detection"].module).Settings

    for each in ("train", "forget", "copy_shipped"):
        monkeypatch.setattr(module, each, lambda *_: None)
    monkeypatch.setattr(module, "import_module", lambda name: Toy)
    # a network more each time
    monkeypatch.setattr(module, "needed", lambda *_: [Needed("detection", tuple(asked[: next(rounds)]), 1, 9.0)])
    with pytest.raises(NoResultError, match="detection: after 3 rounds 1 trainings are missing"):
        live("detection", tmp_path, lambda line: None)


def test_what_transfer_takes_from_iso_latency_is_made_before_it_of_the_same_trainings(tmp_path, monkeypatch):
    made = []

    class Toy:
        """In place of an experiment."""

        def __init__(self, name):
            self.Settings = importlib.import_module(name).Settings

        @staticmethod
        def run(settings, home, folder):
            made.append((folder.name, settings.tables == folder.parent))

    monkeypatch.setattr(module, "import_module", Toy)
    monkeypatch.setattr(module, "needed", lambda *_: [])
    monkeypatch.setattr(module, "copy_shipped", lambda *_: None)
    folder = live("transfer", tmp_path, lambda line: None)
    assert folder == tmp_path / "live" / "transfer" / "results" / "transfer"
    assert made == [("iso_latency", True), ("transfer", True)]


def test_what_trains_nothing_is_refused_by_name():
    with pytest.raises(BenchmarkInputError, match="'curation'; allowed: detection, "):
        check_live(("curation",))
    assert set(LIVE) <= set(EXPERIMENTS)
