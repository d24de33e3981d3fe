import contextlib
import errno
import json
import signal
import sqlite3
import subprocess
import sys
from dataclasses import asdict, astuple, replace

import pytest

from hw_model.errors import HardwareInputError
from hw_model.vela import measurements
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.compiler import compile_blocks
from hw_model.vela.measurements import MeasurementCache
from tests.hw_model.networks import SMALL

U55 = ETHOS_U["ethos-u55-256"]
SINGLES = [(block,) for block in SMALL]


@pytest.fixture
def compiled(monkeypatch):
    """Every compilation that the cache asks for."""
    calls = []

    def counted(chain, accelerator):
        calls.append(chain)
        return compile_blocks(chain, accelerator)

    monkeypatch.setattr(measurements, "compile_blocks", counted)
    return calls


def test_nothing_is_compiled_twice_even_by_another_process(tmp_path, compiled):
    with MeasurementCache(tmp_path / "cache.db") as cache:
        first = cache.measure([*SINGLES, *SINGLES], U55)
        assert len(compiled) == len(SINGLES)
        assert first[: len(SINGLES)] == first[len(SINGLES) :] == [compile_blocks(s, U55) for s in SINGLES]
    with MeasurementCache(tmp_path / "cache.db") as cache:
        assert cache.measure(SINGLES, U55) == first[: len(SINGLES)]
    assert len(compiled) == len(SINGLES)


def test_another_accelerator_and_another_block_are_measured_for_themselves(tmp_path, compiled):
    with MeasurementCache(tmp_path / "cache.db") as cache:
        default = cache.measure(SINGLES[:1], U55)
        assert cache.measure(SINGLES[:1], ETHOS_U["ethos-u55-256-sram-only"]) != default
        assert cache.measure(SINGLES[:1], replace(U55, name="same by another name")) == default
        cache.measure([(replace(SMALL[0], kernel=5),)], U55)
    assert len(compiled) == 3


def test_progress_counts_compilations_only(tmp_path):
    seen = []
    with MeasurementCache(tmp_path / "cache.db") as cache:
        cache.measure(SINGLES[:2], U55)
        cache.measure(SINGLES[:4], U55, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_what_was_measured_before_a_bad_block_is_kept(tmp_path, compiled):
    bad = (replace(SMALL[0], height=-1),)
    with MeasurementCache(tmp_path / "cache.db") as cache:
        with pytest.raises(HardwareInputError, match="height is -1"):
            cache.measure([*SINGLES[:3], bad], U55)
        cache.measure(SINGLES[:3], U55)
    assert len(compiled) == 4


def test_others_may_read_and_write_while_a_network_is_compiled(tmp_path, monkeypatch):
    monkeypatch.setattr("hw_model.database.BUSY_SECONDS", 0.05)
    monkeypatch.setattr(measurements, "_WRITE_SECONDS", 0.0)
    path, seen = tmp_path / "cache.db", []

    def slow(chain, accelerator):
        seen.append(_rows(path))
        with MeasurementCache(path) as other:
            other._write([(f"another {len(seen)}", "", *astuple(measured))])
        return measured

    measured = compile_blocks(SINGLES[0], U55)
    monkeypatch.setattr(measurements, "compile_blocks", slow)
    with MeasurementCache(path) as cache:
        cache.measure(SINGLES[:3], U55)
    assert seen == [0, 2, 4]
    assert _rows(path) == 6


def test_a_fault_of_the_compiler_is_not_blamed_on_the_file(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", "/tmp/vela")

    monkeypatch.setattr(measurements, "compile_blocks", full)
    with MeasurementCache(tmp_path / "cache.db") as cache, pytest.raises(OSError, match="No space left"):
        cache.measure(SINGLES[:1], U55)


def test_a_killed_process_loses_little_and_leaves_a_good_file(tmp_path):
    path = tmp_path / "cache.db"
    program = f"""
import json, os
from hw_model.vela.accelerators import ETHOS_U
from hw_model.blocks import Block
from hw_model.vela.measurements import MeasurementCache
chains = [(Block("ibn", 16, 16, 8, c, 3, 1, 4),) for c in range(1, 2000)]
def progress(done, total):
    print(done, flush=True)
MeasurementCache({str(path)!r}).measure(chains, ETHOS_U["ethos-u55-256"], progress)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while not path.exists() or _rows(path) == 0:
            assert process.stdout.readline(), "ended before anything was committed"
        process.send_signal(signal.SIGKILL)
    kept = _rows(path)
    assert 0 < kept < 1999
    with MeasurementCache(path) as cache:
        assert cache.measure(SINGLES, U55) == [compile_blocks(single, U55) for single in SINGLES]
    assert _rows(path) == kept + len(SINGLES)


def test_a_corrupted_file_is_refused_in_one_line(tmp_path):
    path = tmp_path / "cache.db"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(
        HardwareInputError, match=r"cache\.db is damaged or no measurement cache .*; move it away"
    ) as error:
        MeasurementCache(path)
    assert "\n" not in str(error.value)


def test_a_file_damaged_in_the_middle_is_refused_and_not_believed(tmp_path):
    path = tmp_path / "cache.db"
    chains = [(replace(SMALL[0], out_channels=channels),) for channels in range(1, 60)]
    with MeasurementCache(path) as cache:
        cache.measure(chains, U55)
    data = bytearray(path.read_bytes())
    data[8192:] = b"\xff" * (len(data) - 8192)
    path.write_bytes(data)
    with pytest.raises(HardwareInputError, match="move it away"), MeasurementCache(path) as cache:
        cache.measure(chains, U55)


@pytest.mark.parametrize("name", ["compiler", "writer", "schema"])
def test_a_file_of_another_version_is_refused(tmp_path, name):
    path = tmp_path / "cache.db"
    MeasurementCache(path).close()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE versions SET value = 'older' WHERE name = ?", (name,))
    database.close()
    with pytest.raises(HardwareInputError, match=f"has {name} 'older' where .* move it away"):
        MeasurementCache(path)


def test_a_file_of_another_program_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "photographs.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE photographs (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(HardwareInputError, match="is another program's SQLite file; move it away"):
        MeasurementCache(path)
    assert path.read_bytes() == before


class Killed(sqlite3.Connection):
    """Of a process that ends before it has filled its tables."""

    def execute(self, sql, *values):
        if sql.startswith("INSERT"):
            raise KeyboardInterrupt
        return super().execute(sql, *values)


def test_a_process_that_is_killed_while_it_makes_the_tables_leaves_none(tmp_path, monkeypatch):
    path, connect = tmp_path / "cache.db", sqlite3.connect
    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", lambda *given, **named: connect(*given, **named, factory=Killed))
        with pytest.raises(KeyboardInterrupt):
            MeasurementCache(path)
    with contextlib.closing(connect(path)) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == []
    MeasurementCache(path).close()


@pytest.mark.parametrize("dropped", [["DROP TABLE measurements", "DELETE FROM versions"], ["DELETE FROM versions"]])
def test_tables_that_an_earlier_version_left_unfinished_are_finished(tmp_path, dropped):
    path = tmp_path / "cache.db"
    MeasurementCache(path).close()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        for statement in dropped:
            database.execute(statement)
    with MeasurementCache(path) as cache:
        assert cache.measure(SINGLES[:1], U55) == [compile_blocks(SINGLES[0], U55)]
    with MeasurementCache(path) as cache:
        assert cache.problems() == []


def test_a_table_of_versions_of_another_program_is_left_alone(tmp_path):
    path = tmp_path / "cache.db"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE versions (name TEXT, number INTEGER)")
    with pytest.raises(HardwareInputError, match="is another program's SQLite file"):
        MeasurementCache(path)


def test_a_full_check_finds_a_damaged_page_that_opening_does_not_read(tmp_path):
    path = tmp_path / "cache.db"
    chains = [(replace(SMALL[0], out_channels=channels),) for channels in range(1, 60)]
    with MeasurementCache(path) as cache:
        cache.measure(chains, U55)
        assert cache.problems() == []
    data = bytearray(path.read_bytes())
    data[-4096:] = b"\xff" * 4096
    path.write_bytes(data)
    with MeasurementCache(path) as cache:
        assert cache.problems()


def test_a_busy_file_is_never_to_be_deleted(tmp_path, monkeypatch):
    monkeypatch.setattr("hw_model.database.BUSY_SECONDS", 0.05)
    path = tmp_path / "cache.db"
    with MeasurementCache(path) as cache, contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(HardwareInputError, match=r"is locked\); .*wait for the program that uses it") as error:
            cache.measure(SINGLES[:1], U55)
        assert not any(word in str(error.value) for word in ("delete", "move"))


def test_a_path_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text(json.dumps(asdict(U55)))
    with pytest.raises(HardwareInputError, match="cannot be used"):
        MeasurementCache(tmp_path / "file" / "cache.db")


def _rows(path) -> int:
    database = sqlite3.connect(path, timeout=60)
    try:
        return database.execute("SELECT count(*) FROM measurements").fetchone()[0]
    except sqlite3.OperationalError:
        return 0  # not created yet
    finally:
        database.close()
