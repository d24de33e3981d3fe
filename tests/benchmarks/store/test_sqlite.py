"""The trial store keeps what was finished, through kills, races and other people's files."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import sqlite3
import subprocess
import sys

import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.store.sqlite import Proposal, Trial, TrialKey, TrialStore, canonical_json, to_frame

KEY = TrialKey("detection", "scenes-1", canonical_json({"width": 8}), canonical_json({"epochs": 2}), 0, "train-1")
PROPOSAL = Proposal("detection", "random", 0, 3, "v1", (1, 0, 2), {"latency_ms": {"u55": 1.5}}, "trained", "ab", 0.25)

# Run by other processes: puts seeds first, first + 1, ... and prints each once it is stored.
WRITER = """
import sys
from benchmarks.store.sqlite import Trial, TrialKey, TrialStore
path, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with TrialStore(path) as store:
    for seed in range(first, first + count):
        key = TrialKey("detection", "scenes-1", "{}", "{}", seed, "train-1")
        store.put(Trial.finished(key, {"map": seed / 7}, example_passes=seed, training_flops=1e9, seconds=0.5))
        print(seed, flush=True)
"""


def finished(key: TrialKey, value: float = 0.5) -> Trial:
    return Trial.finished(key, {"map": value}, example_passes=100, training_flops=2e9, seconds=1.5)


def writer(path, first: int, count: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", WRITER, str(path), str(first), str(count)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def test_what_is_put_is_got_back_and_listed(tmp_path):
    other = dataclasses.replace(KEY, task="classification")
    failure = Trial(other, "failed", {}, 10, 0.0, 0.25, error="ValueError: too wide")
    with TrialStore(tmp_path / "new" / "trials.sqlite") as store:
        assert store.get(KEY) is None
        assert store.put(finished(KEY, 1 / 3))
        assert store.put(failure)
    with TrialStore(tmp_path / "new" / "trials.sqlite") as store:
        found = store.get(KEY)
        assert found is not None
        assert found.quality == {"map": 1 / 3}
        assert store.get(other) == failure
        assert [trial.key for trial in store.trials(task="detection", fidelity=KEY.fidelity)] == [KEY]
        assert store.trials(fidelity="{}") == []
        frame = to_frame(store.trials())
    assert set(frame.loc[frame.digest == KEY.digest, "quality_map"]) == {1 / 3}
    assert set(frame.error.dropna()) == {failure.error}


def test_a_finished_trial_is_never_replaced_and_a_failed_one_is(tmp_path):
    failure = Trial(KEY, "failed", {}, 0, 0.0, 1.0, error="killed by SIGKILL")
    with TrialStore(tmp_path / "trials.sqlite") as store:
        assert store.put(failure)
        assert store.put(finished(KEY, 0.5))
        assert not store.put(finished(KEY, 0.9))
        assert not store.put(failure)
        assert [trial.quality for trial in store.trials()] == [{"map": 0.5}]


@pytest.mark.parametrize("name", [item.name for item in dataclasses.fields(TrialKey)])
def test_the_digest_depends_on_every_field_of_the_key(name):
    other = {"seed": 1, "architecture": '{"width":9}', "fidelity": '{"epochs":3}'}.get(name, "another")
    assert dataclasses.replace(KEY, **{name: other}).digest != KEY.digest
    assert dataclasses.replace(KEY).digest == KEY.digest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architecture": '{"b": 1, "a": 2}'}, 'which is \'{"a":2,"b":1}\''),
        ({"fidelity": "{"}, "fidelity is '{'; allowed: canonical JSON"),
        ({"fidelity": "NaN"}, "fidelity is 'NaN'; allowed: canonical JSON"),
        ({"seed": 0.5}, "seed is 0.5; allowed: a Python int"),
        ({"code_version": ""}, "code_version is ''; allowed"),
    ],
)
def test_a_key_that_is_not_canonical_is_refused(change, message):
    with pytest.raises(BenchmarkInputError) as caught:
        dataclasses.replace(KEY, **change)
    assert message in str(caught.value)


def test_a_diverged_training_is_a_failed_trial_and_nan_is_never_quality():
    trial = Trial.finished(
        KEY, {"map": math.nan, "loss": math.inf, "recall": 0.5}, example_passes=1, training_flops=1.0, seconds=1.0
    )
    assert (trial.state, trial.error, trial.quality) == ("failed", "map is nan, loss is inf", {"recall": 0.5})
    with pytest.raises(BenchmarkInputError, match=r"quality holds \{'map': nan\}"):
        Trial(KEY, "done", {"map": math.nan}, 1, 1.0, 1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state": "running"}, "state is 'running'; allowed: done, failed"),
        ({"state": "failed"}, "a failed one has a reason"),
        ({"error": "why"}, "a failed one has a reason"),
        ({"quality": {}}, "done without quality"),
        ({"seconds": math.nan}, "seconds is nan"),
        ({"example_passes": -1}, "example_passes is -1"),
    ],
)
def test_a_trial_that_contradicts_itself_is_refused(change, message):
    with pytest.raises(BenchmarkInputError, match=message):
        dataclasses.replace(finished(KEY), **change)


def test_after_kill_9_the_store_holds_exactly_the_finished_trials(tmp_path):
    path = tmp_path / "trials.sqlite"
    process = writer(path, 0, 10**9)
    assert process.stdout is not None
    for _ in range(20):
        process.stdout.readline()
    process.kill()
    told = 20 + len(process.communicate()[0].splitlines())
    with TrialStore(path) as store:
        seeds = [trial.key.seed for trial in store.trials()]
        # the kill may fall between storing a trial and telling of it
        assert sorted(seeds) in (list(range(told)), list(range(told + 1)))
        assert all(trial.quality == {"map": trial.key.seed / 7} for trial in store.trials())
        assert store.put(finished(KEY))


def test_processes_that_make_and_write_one_store_at_once_lose_nothing(tmp_path):
    path = tmp_path / "trials.sqlite"
    processes = [writer(path, first, 60) for first in (0, 30, 60)]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    with TrialStore(path) as store:
        assert sorted(trial.key.seed for trial in store.trials()) == list(range(120))


def make_store(path) -> bytes:
    with TrialStore(path) as store:
        for seed in range(100):
            store.put(finished(dataclasses.replace(KEY, seed=seed)))
    return path.read_bytes()


def other_version(path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


def other_application(path) -> None:
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE photographs (name TEXT)")


def truncate(path) -> None:
    path.write_bytes(path.read_bytes()[:-8192])


def overwrite_pages(path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xa5" * (len(data) - 4096))


def change_a_key(path) -> None:
    path.write_bytes(path.read_bytes().replace(b"scenes-1", b"scenes-2"))


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (other_version, "is of version 99, this program reads version 1"),
        (other_application, "is no trial store but another SQLite file"),
        (truncate, "is damaged"),
        (overwrite_pages, "is damaged"),
        (change_a_key, "does not have the digest of its key"),
        (lambda path: path.write_text("not a data base\n" * 100), "is damaged or no trial store"),
    ],
)
def test_a_file_that_is_no_sound_store_is_refused_in_one_line_and_left_alone(tmp_path, damage, what):
    path = tmp_path / "trials.sqlite"
    make_store(path)
    damage(path)
    before = path.read_bytes()
    with pytest.raises(BenchmarkInputError) as caught, TrialStore(path) as store:
        store.trials()
    message = str(caught.value)
    assert message.startswith(f"trial store {path} ")
    assert what in message
    assert message.endswith("move it away or give another --home")
    assert "\n" not in message
    assert path.read_bytes() == before


def test_a_store_where_none_can_be_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "trials.sqlite"):
        with pytest.raises(BenchmarkInputError, match=r"cannot be used .* or give another --home$"):
            TrialStore(path)


def test_proposals_come_back_in_order_and_a_resumed_search_keeps_the_first_record(tmp_path):
    earlier = dataclasses.replace(PROPOSAL, step=1, state="pruned", trial=None, score=None)
    lost = dataclasses.replace(PROPOSAL, step=2, state="failed", score=math.inf)
    with TrialStore(tmp_path / "trials.sqlite") as store:
        assert all(store.record_proposal(proposal) for proposal in (PROPOSAL, lost, earlier))
        assert not store.record_proposal(dataclasses.replace(PROPOSAL, state="reused"))
        assert store.proposals(experiment="detection", search="random", seed=0) == [earlier, lost, PROPOSAL]
        assert store.proposals(seed=1) == []
        retried = dataclasses.replace(lost, state="trained", score=0.5)
        assert store.record_proposal(retried)
        moved = dataclasses.replace(PROPOSAL, genotype=(2, 2, 2))
        assert store.record_proposal(moved)
        assert store.proposals() == [earlier, retried, moved]
        frame = to_frame(store.proposals())
        assert frame.step.tolist() == [1, 2, 3]
        assert frame.cost_latency_ms.tolist() == [{"u55": 1.5}] * 3
        store.forget_proposals(experiment="detection", search="random", seed=0)
        assert store.proposals() == []


def test_a_proposal_with_nan_is_refused():
    for change in ({"score": math.nan}, {"cost": {"latency_ms": math.nan}}, {"state": "done"}):
        with pytest.raises(BenchmarkInputError):
            dataclasses.replace(PROPOSAL, **change)
