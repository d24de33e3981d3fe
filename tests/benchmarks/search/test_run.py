"""What a search makes of trainings that fail; the trainings are stand-ins that answer at once."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.errors import NoResultError
from benchmarks.evaluators import supernet, trained
from benchmarks.evaluators.trained import run_trial
from benchmarks.runtime.handles import JobFailedError, JobHandle
from benchmarks.saved.folder import save
from benchmarks.search import run
from benchmarks.search.run import make_spec, run_search
from benchmarks.store.records import Trial
from benchmarks.store.sqlite import open_store
from hw_model.errors import HardwareInputError
from nas_algos.errors import NothingFoundError
from nas_algos.ledger import Spend
from nas_algos.policies import Policy
from nas_algos.single_shot.algorithm import Look
from nas_algos.single_shot.run import Moment, SingleShotRun
from nas_algos.trajectory import Candidate, Found
from tasks.registry import make_task
from tests.inline_executor import InlineExecutor

TINY = """
from tasks.spaces.layer import Decision, Layer
from tasks.spaces.space import SearchSpace

decisions = (Decision("width", (8, 16)), Decision("body", ("ibn_3", "conv")))
layers = (
    Layer("conv", 8, stride=3),
    Layer("body", "width", stride=3),
    Layer("global_pool", kernel=1),
    Layer("conv", 10, kernel=1, activation=False),
)
SPACE = SearchSpace("tiny", decisions, layers, input_side=28, input_channels=3)
"""


CLIMBER = (Path(__file__).parents[3] / "examples" / "climber.py").read_text()


SPENT = {"example_passes": 8, "training_flops": 1.0, "seconds": 1.0}


class Trainer:
    """An executor whose trainings come to what `outcome(job)` says: a quality, or an exception for an infrastructure
    failure."""

    def __init__(self, outcome):
        self.outcome, self.waiting, self.done = outcome, [], 0

    def submit(self, function, job):
        assert function is run_trial
        self.waiting.append(JobHandle(self, job, b""))

    def as_completed(self):
        while self.waiting:
            handle, outcome = self.waiting.pop(0), None
            handle.done = True
            self.done += 1
            try:
                outcome = self.outcome(handle.job)
                error = None if math.isfinite(outcome) else "loss is not finite"
                quality = {"accuracy": 0.9 if error else outcome}  # a failed one may keep what was finite
                state = "failed" if error else "done"
                handle._result = Trial(handle.job.key, state, quality, **SPENT, error=error)
            except JobFailedError as failure:
                handle._failure = failure
            yield handle

    def take_ended(self):
        return []

    def cancel_waiting(self):
        self.waiting = self.waiting[:1]  # one runs beside it

    def close(self, cancel):
        pass


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    file = tmp_path_factory.mktemp("space") / "tiny.py"
    file.write_text(TINY)

    def make(latency_ms):
        task, bounds = make_task("classification"), {"latency_ms": latency_ms}
        return make_spec(task, str(file), "npu-p16", bounds, "smoke", 3, "random", "trained", "plain", [])

    return make


@pytest.fixture
def train(monkeypatch):
    """Have trainings answered so; gives the trainers that were made."""
    monkeypatch.setattr(run, "prepare_with_progress", lambda *_: None)
    monkeypatch.setattr(run, "save", lambda *_: None)  # these trainings have no weights

    def use(outcome):
        made = []

        def make(*_):
            made.append(Trainer(outcome))
            return made[-1]

        monkeypatch.setattr(trained, "LocalExecutor", make)
        return made

    return use


def written(folder, name):
    (path,) = folder.glob(f"results/*/{name}")
    return path


def test_bounds_that_nothing_keeps_end_in_words_without_a_training(tmp_path, spec, train):
    made = train(lambda job: 0.5)
    with pytest.raises(
        NoResultError,
        match=r"^none of \d+ proposals is within latency_ms <= 1e-09; the least seen was .*; all 4 genotypes",
    ):
        run_search(tmp_path, spec(1e-9), 2, 1, tmp_path / "results")
    assert not made
    assert not pd.read_csv(written(tmp_path, "candidates.csv"))["within_bound"].any()
    assert not [*tmp_path.glob("results/*/table.csv")]


def test_candidates_over_the_bound_are_said_to_be_and_are_no_best_so_far(tmp_path, spec, train):
    train(lambda job: 0.5)
    known = sorted({float(each) for each in spec(10.0).costs(np.array([[0, 0], [0, 1], [1, 0], [1, 1]]))["latency_ms"]})
    every = replace(spec(known[0]), budget=4, policy=Policy(skip_infeasible=False))
    run_search(tmp_path, every, 1, 1, tmp_path / "results")
    rows = pd.read_csv(written(tmp_path, "candidates.csv"))
    assert rows["trained"].all()
    assert (rows["within_bound"] == (rows["latency_ms"] <= known[0])).all()
    assert 0 < rows["within_bound"].sum() < len(rows)
    first = int(rows["within_bound"].to_numpy().argmax())
    assert np.isfinite(rows["best_so_far"]).tolist() == [place >= first for place in range(len(rows))]


def test_trainings_that_all_diverge_end_in_words(tmp_path, spec, train):
    train(lambda job: math.nan)
    with pytest.raises(NoResultError, match=r"came to no accuracy .*: loss is not finite"):
        run_search(tmp_path, spec(10.0), 1, 1, tmp_path / "results")


def test_a_search_that_ends_before_its_budget_is_spent_says_why(tmp_path, spec, train, capsys):
    train(lambda job: 0.25)
    run_search(tmp_path, replace(spec(10.0), budget=5), 1, 1, tmp_path / "results")
    line = "search 0 ended before its budget was spent: all 4 genotypes were looked at"
    assert line in capsys.readouterr().err


def test_no_folder_of_a_users_strategy_stands_in_what_is_written(tmp_path, spec, train):
    train(lambda job: 0.25)
    mine = tmp_path / "private" / "mine.py"
    mine.parent.mkdir()
    mine.write_text(CLIMBER)
    table = run_search(tmp_path, replace(spec(10.0), strategy=str(mine)), 1, 1, tmp_path / "results")
    assert table["strategy"].iloc[-1] == "mine"
    files = [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"private" in path.read_bytes()]


def test_two_objectives_mark_the_front_of_quality_and_latency_and_train_its_best_again(tmp_path, spec, train):
    train(lambda job: 0.25)
    two = replace(spec(10.0), strategy="auto", strategy_settings={"objectives": "2"})
    table = run_search(tmp_path, two, 1, 1, tmp_path / "results").set_index("network")
    candidates = pd.read_csv(written(tmp_path, "candidates.csv"))
    finished = candidates[candidates["quality"].notna()]
    # all come to the same quality, so that the fastest dominates the others
    assert len(finished) > 1
    assert finished["front"].tolist() == (finished["latency_ms"] == finished["latency_ms"].min()).tolist()
    assert table.loc["seed 0", "latency_ms"] == pytest.approx(finished["latency_ms"].min(), rel=1e-5)


def test_a_failed_training_counts_as_none_that_finished_however_good_a_metric_it_kept(tmp_path, spec, train, capsys):
    train(lambda job: math.nan if job.seed == 1001 else 0.25)
    table = run_search(tmp_path, spec(10.0), 1, 3, tmp_path / "results")
    assert (table["seeds"] == 2).all()
    assert table["within_bound"].dtype == bool
    # all come to the same
    assert "no network that was found is better than the baseline: accuracy 0.25 to 0.25" in capsys.readouterr().out


def test_a_failure_of_the_machine_or_the_code_ends_the_search_and_is_never_scored_as_the_networks(
    tmp_path, spec, train, capsys
):
    failed, reason = [], "worker killed by SIGKILL (out of memory?)"

    def outcome(job):
        if len(failed) == 0:
            failed.append(job)
            raise JobFailedError(reason)
        return 0.5

    made = train(outcome)
    with pytest.raises(JobFailedError, match="random") as raised:
        run_search(tmp_path, spec(10.0), 2, 1, tmp_path / "results")
    assert reason in str(raised.value)
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "results").exists()
    with open_store(tmp_path) as store:
        kept = list(store.trials())
    # what ran beside it is kept, the other one is not there as a failed network
    assert [trial.state for trial in kept] == ["done"] * (made[0].done - 1)
    assert kept
    # a rerun goes on
    again = train(outcome)
    table = run_search(tmp_path, spec(10.0), 2, 1, tmp_path / "results")
    assert table["quality"].tolist() == [0.5] * len(table)
    assert len(again) == 2  # searches, winners


@pytest.fixture
def supernets(monkeypatch, train):
    """Have the seeds named find nothing in supernets that are never trained, and the others the first genotype."""
    train(lambda job: 0.5)
    monkeypatch.setattr("benchmarks.runtime.jobs.LocalExecutor", InlineExecutor)
    monkeypatch.setattr("benchmarks.runtime.jobs.load_worker_data", lambda *_: None)
    monkeypatch.setattr(supernet, "_training", lambda data, home, spec: (spec,))

    def use(*nothing):
        def search(spec, report):
            cost = {name: float(values[0]) for name, values in spec.costs(np.zeros((1, 2), np.int32)).items()}
            spend, looks = Spend(1, 600), (Look((0, 0), 0.5),)
            if spec.seed in nothing:
                seen = Candidate(0, (0, 0), cost, "evaluated", math.nan, (math.inf,))
                raise NothingFoundError(Found(None, (seen,), spend, "none of 1 networks came to a finite quality"))
            history = (Moment(75, spend, 1.0, 0, None, {}),)
            return SingleShotRun(
                *("one_shot", (0, 0), cost, 0.5, None, None, spend, 0.0, 75, 0, history),
                *(looks, (cost,), (spend,), None, "all 4 genotypes were looked at"),
            )

        monkeypatch.setattr(supernet, "run_single_shot", search)

    return use


def test_a_supernet_that_finds_nothing_leaves_the_others_networks_to_be_trained_and_written(
    tmp_path, spec, supernets, capsys
):
    supernets(1)
    search = replace(spec(10.0), strategy=None, evaluator="supernet:one_shot")
    for _ in range(2):  # the second time it is read from the store
        table = run_search(tmp_path, search, 2, 1, tmp_path / "results")
        assert table["network"].iloc[-1] == "seed 0"
        assert len(pd.read_csv(written(tmp_path, "table.csv"))) == len(table)
        assert sorted(set(pd.read_csv(written(tmp_path, "candidates.csv"))["seed"])) == [0, 1]
        said = capsys.readouterr().err
        assert "search 0 ended before its budget was spent: all 4 genotypes were looked at" in said
        assert "search 1 found nothing: none of 1 proposals within the bounds can be given out" in said
        assert "; none of 1 networks came to a finite quality" in said
        supernets(0, 1)


def test_supernets_of_which_none_finds_a_network_leave_what_they_looked_at(tmp_path, spec, supernets):
    supernets(0, 1)
    search = replace(spec(10.0), strategy=None, evaluator="supernet:one_shot")
    with pytest.raises(NoResultError, match=r"none of 1 networks came to a finite quality$"):
        run_search(tmp_path, search, 2, 1, tmp_path / "results")
    assert pd.read_csv(written(tmp_path, "candidates.csv"))["seed"].tolist() == [0, 1]
    assert not [*tmp_path.glob("results/*/table.csv")]


def test_what_was_found_is_written_where_the_compiler_refuses_it(tmp_path, spec, train, monkeypatch):
    made = train(lambda job: 0.5)

    def refuse(*_):
        raise HardwareInputError("block 1 (upsample): runs on the host")

    monkeypatch.setattr(run, "exact_cost", refuse)
    with pytest.raises(HardwareInputError, match="runs on the host"):
        run_search(tmp_path, spec(10.0), 1, 1, tmp_path / "results")
    assert pd.read_csv(written(tmp_path, "candidates.csv"))["trained"].any()
    assert written(tmp_path, "seed_0.json").is_file()
    assert len(made) == 1  # the search's trainer, and none for the winners


def test_a_search_whose_weights_lie_on_another_machine_says_so_and_ends_as_usual(
    tmp_path, spec, train, monkeypatch, capsys
):
    train(lambda job: 0.5)
    monkeypatch.setattr(run, "save", save)
    run_search(tmp_path, spec(10.0), 1, 1, tmp_path / "results")
    told = capsys.readouterr()
    assert "has no weights of seed 0" in told.err
    assert "shares no home with this one" in told.err
    assert "Verdict: " in told.out
