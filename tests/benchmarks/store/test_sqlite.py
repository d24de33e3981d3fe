"""The result store keeps what was finished, through kills, races, flipped bits and other people's files."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import random
import sqlite3
import subprocess
import sys

import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.store.records import Trial
from benchmarks.store.sqlite import STORE_FILE, ResultStore, open_store
from tests.benchmarks.store.records import KEY, Plan, Settings, done, failed, result

# Run by other processes: puts seeds first, first + 1, ... and prints each once it is stored.
WRITER = """
import sys
from benchmarks.store.sqlite import ResultStore
from tests.benchmarks.store.records import done
path, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with ResultStore(path) as store:
    for seed in range(first, first + count):
        store.put(done(seed, seed % 8 / 7))
        print(seed, flush=True)
"""


def writer(path, first: int, count: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", WRITER, str(path), str(first), str(count)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def test_what_is_put_is_got_back_and_listed(tmp_path):
    other = Trial(dataclasses.replace(KEY, task="classification-10"), "failed", {}, 10, 0.0, 0.25, error="too wide")
    named = dataclasses.replace(done(3), space="curated", genotype=(1, 0, 2))
    with open_store(tmp_path / "new") as store:
        assert store.get(KEY) is None
        assert store.put(done(0, 1 / 3))
        assert store.put_all([other, named]) == 2
    with open_store(tmp_path / "new") as store:
        found = store.get(KEY)
        assert found is not None
        assert found.quality == {"map": 1 / 3, "map50": 1 / 9}
        assert store.get(other.key) == other
        assert store.get(named.key) == named
        assert {trial.key.seed for trial in store.trials(task="detection-1", fidelity=KEY.fidelity)} == {0, 3}
        assert [trial.key for trial in store.trials(state="failed")] == [other.key]
        assert list(store.trials(fidelity="{}")) == []
        assert store.count(Trial) == 3


def test_a_finished_trial_is_never_replaced_and_a_failed_one_is(tmp_path):
    with open_store(tmp_path) as store:
        assert store.put(failed())
        assert not store.put(failed())
        assert store.put(done(0, 0.5))
        assert not store.put(done(0, 0.9))
        assert not store.put(failed())
        assert [trial.quality["map"] for trial in store.trials()] == [0.5]


def test_what_is_computed_is_computed_once_for_each_key(tmp_path):
    calls = []

    def compute(value):
        calls.append(value)
        return value

    def key(rate=0.1, version="1"):
        return {"settings": Settings(rate, Plan(1, 2.0)), "code_version": version}

    with open_store(tmp_path) as store:
        first = store.cached("scores", key(), lambda: compute({"genotype": (1, 2), "quality": math.nan}))
        assert first["genotype"] == [1, 2]  # as JSON has it, the first time too
        assert math.isnan(first["quality"])
        assert str(store.cached("scores", key(), lambda: compute(0))) == str(first)
        assert store.cached("scores", key(rate=0.2), lambda: compute(1)) == 1
        assert store.cached("scores", key(version="2"), lambda: compute(2)) == 2
        assert store.cached("others", key(), lambda: compute(3)) == 3
        assert store.cached("others", key(), lambda: compute(4)) == 3
        # none is a result too
        assert store.cached("scores", key(rate=0.3), lambda: compute(None)) is None
        assert store.cached("scores", key(rate=0.3), lambda: compute(5)) is None
        with pytest.raises(ZeroDivisionError):
            store.cached("scores", key(rate=0.4), lambda: 1 // 0)
        assert store.result("scores", key(rate=0.4)) is None
    assert calls[1:] == [1, 2, 3, None]
    with open_store(tmp_path) as store:
        assert sorted(found.kind for found in store.results()) == ["others"] + ["scores"] * 4
        assert {found.provenance.threads for found in store.results()} != {0}


def test_a_key_without_the_version_of_its_code_is_refused(tmp_path):
    with open_store(tmp_path) as store, pytest.raises(BenchmarkInputError, match="has no code_version"):
        store.cached("scores", {"seed": 1}, lambda: 1)


def test_a_settings_value_of_an_algorithm_is_part_of_the_key(tmp_path):
    """Yesterday's result must not come back after TunasSettings.learning_rate was changed."""
    from nas_algos.single_shot.tunas import TunasSettings

    with open_store(tmp_path) as store:
        for rate in (0.05, 0.1):
            key = {"algorithm": TunasSettings(learning_rate=rate), "code_version": "1"}
            assert store.cached("supernet", key, lambda rate=rate: rate) == rate


def test_after_kill_9_the_store_holds_exactly_the_finished_trials(tmp_path):
    path = tmp_path / STORE_FILE
    process = writer(path, 0, 10**9)
    assert process.stdout is not None
    for _ in range(20):
        process.stdout.readline()
    process.kill()
    told = 20 + len(process.communicate()[0].splitlines())
    with ResultStore(path) as store:
        seeds = [trial.key.seed for trial in store.trials()]
        # the kill may fall between storing a trial and telling of it
        assert sorted(seeds) in (list(range(told)), list(range(told + 1)))
        assert all(trial.quality["map"] == trial.key.seed % 8 / 7 for trial in store.trials())
        assert store.put(done(10**9))


def test_processes_that_make_and_write_one_store_at_once_lose_nothing(tmp_path):
    path = tmp_path / STORE_FILE
    processes = [writer(path, first, 60) for first in (0, 30, 60)]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    with ResultStore(path) as store:
        assert sorted(trial.key.seed for trial in store.trials()) == list(range(120))


def make_store(path) -> bytes:
    with ResultStore(path) as store:
        store.put_all([done(seed, seed / 100) for seed in range(100)] + [result(number) for number in range(20)])
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


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (other_version, "is of version 99, this program reads version 2"),
        (other_application, "is no result store but another SQLite file"),
        (truncate, "is damaged"),
        (overwrite_pages, "is damaged"),
        (lambda path: path.write_text("not a data base\n" * 100), "is damaged or no result store"),
    ],
)
def test_a_file_that_is_no_sound_store_is_refused_in_one_line_and_left_alone(tmp_path, damage, what):
    path = tmp_path / STORE_FILE
    make_store(path)
    damage(path)
    before = path.read_bytes()
    with pytest.raises(BenchmarkInputError) as caught, ResultStore(path) as store:
        list(store.trials())
    message = str(caught.value)
    assert message.startswith(f"result store {path} ")
    assert what in message
    assert message.endswith("move it away or give another --home")
    assert "\n" not in message
    assert path.read_bytes() == before


def test_a_changed_row_is_named_left_out_computed_again_and_does_not_block_the_others(tmp_path, capsys):
    path = tmp_path / STORE_FILE
    make_store(path)
    wrong, key = done(7).digest, {"code_version": "1", "number": 3}
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE trials SET quality = replace(quality, '0.07', '0.97') WHERE seed = 7")
        connection.execute("UPDATE results SET value = '[1]' WHERE key LIKE '%:3}'")
        connection.commit()
    with ResultStore(path) as store:
        assert sorted(trial.key.seed for trial in store.trials()) == [seed for seed in range(100) if seed != 7]
        errors = capsys.readouterr().err.splitlines()
        assert errors == [
            f"accelnas: skipped {path}: trial {wrong[:12]}: its checksum is not that of its content",
        ]
        assert store.skipped == 1
        assert store.get(done(7).key) is None
        assert store.put(done(7, 0.07))
        assert store.cached("scores", key, lambda: "again") == "again"
        assert len(list(store.trials())) == 100
        assert len(list(store.results())) == 20
    with ResultStore(path) as store:
        assert not [found for found in store.everything() if isinstance(found, str)]


def test_no_flipped_bit_of_the_file_changes_what_is_read(tmp_path):
    """Each flip is harmless, noticed at its row, or ends with the file refused; never another quality."""
    path, generator = tmp_path / STORE_FILE, random.Random(0)
    whole = make_store(path)
    with ResultStore(path) as store:
        known = {trial.key: trial for trial in store.trials()}
    noticed = 0
    for _ in range(100):
        place = generator.randrange(len(whole) * 8)
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            with ResultStore(path) as store:
                found = list(store.everything())
        except BenchmarkInputError:
            noticed += 1
            continue
        lines = [each for each in found if isinstance(each, str)]
        trials = [each for each in found if isinstance(each, Trial)]
        assert all(known[trial.key] == trial for trial in trials)
        assert lines or len(found) == 120
        noticed += bool(lines)
    assert noticed > 20  # or the flips fall where nothing is


def test_a_store_where_none_can_be_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / STORE_FILE):
        with pytest.raises(BenchmarkInputError, match=r"cannot be used .* or give another --home$"):
            ResultStore(path)


def test_a_store_that_is_busy_or_on_a_full_disk_is_never_to_be_deleted(tmp_path, monkeypatch):
    monkeypatch.setattr("hw_model.database.BUSY_SECONDS", 0.05)
    path = tmp_path / STORE_FILE
    make_store(path)
    with contextlib.closing(sqlite3.connect(path)) as other, ResultStore(path) as store:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BenchmarkInputError, match=r"is locked\); wait for the program that uses it") as busy:
            store.put(done(1000))
        other.rollback()
        store._connection.execute("PRAGMA max_page_count = 1")  # as on a full disk
        with pytest.raises(BenchmarkInputError, match=r"full\); free space on its disk") as full:
            store.put_all([done(seed) for seed in range(1000, 3000)])
    for caught in (busy, full):
        assert "delete" not in str(caught.value)
        assert "move" not in str(caught.value)
    with ResultStore(path) as store:
        assert store.count(Trial) == 100


def test_a_digest_is_found_by_its_first_digits_alone(tmp_path):
    with open_store(tmp_path) as store:
        store.put_all([done(seed) for seed in range(300)] + [result()])
        for record in (done(5), result()):
            assert store.one(record.digest[:16]).digest == record.digest
        for prefix, what in (("12", "4 to 64"), ("wxyz", "4 to 64"), ("0" * 20, "none")):
            with pytest.raises(BenchmarkInputError, match=what):
                store.one(prefix)


def test_what_is_removed_is_gone_and_the_rest_is_there(tmp_path):
    with open_store(tmp_path) as store:
        store.put_all([done(0), done(1), dataclasses.replace(done(2), imported_from="a.parquet"), result()])
        assert store.remove([done(0).digest, result().digest, "f" * 64]) == 2
        assert store.remove_imported("a.parquet") == 1
        assert [trial.key.seed for trial in store.trials()] == [1]
        assert list(store.results()) == []
