"""Trials that are trained again, beside what is kept of them; nothing is trained here."""

import math
from pathlib import Path

import pytest

from benchmarks.evaluators import verify as module
from benchmarks.store.parquet import write_records
from benchmarks.store.records import Trial
from tests.benchmarks.store.records import done


@pytest.fixture
def again(monkeypatch):
    """A function that trains trials again, to these qualities, and says whether they are near enough."""
    monkeypatch.setattr(module, "prepare_with_progress", lambda *_: None)
    monkeypatch.setattr("benchmarks.evaluators.trained.LocalExecutor", lambda *_, **__: None)

    def train(trials, values, tolerance):
        def trained(pool, name, wanted):
            assert [each.seed for each in wanted] == [each.key.seed for each in trials]
            return [
                Trial.finished(each.key, {"map": value}, example_passes=1, training_flops=1.0, seconds=1.0)
                for each, value in zip(trials, values, strict=True)
            ]

        monkeypatch.setattr(module, "run_trainings", trained)
        return module.hold_again(trials, tolerance, Path("nowhere"))

    return train


def test_trials_hold_where_none_differs_by_more_than_the_tolerance(again, capsys):
    trials = [done(0, 0.5), done(1, 0.25)]
    assert again(trials, [0.5, 0.25], 0.0)
    assert "2 of 2 equal to the last bit; largest difference 0" in capsys.readouterr().out
    assert again(trials, [0.5, 0.375], 0.125)
    assert not again(trials, [0.5, 0.375], 0.12)
    assert "1 of 2 equal to the last bit; largest difference 0.125" in capsys.readouterr().out


def test_a_training_that_fails_now_does_not_hold_whatever_the_tolerance(again):
    assert not again([done(0, 0.5)], [math.nan], 1.0)


def test_a_row_that_is_there_twice_is_damage(tmp_path, capsys):
    file = tmp_path / "table.parquet"
    write_records(file, Trial, [done(0), done(1), done(0)])
    found = module.check(file, tmp_path, 0, 0)
    assert (found.rows, found.trials, found.damaged) == (3, 2, 1)
    assert f"{done(0).digest}: an earlier row is of the same" in capsys.readouterr().err
