"""Strategies that go to another machine."""

from pathlib import Path

from benchmarks.evaluators.spec import strategy_word
from benchmarks.search.sent import SentStrategy


def test_a_strategys_file_goes_along_to_where_it_is_not_and_a_name_stays_one(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("mine = 1\n")
    sent = SentStrategy.of(str(file))
    with sent.here() as name:
        assert name == str(file)
    file.write_text("mine = 2\n")  # another file of that name
    with sent.here() as name:
        assert Path(name).name == "mine.py"
        assert Path(name).read_text() == "mine = 1\n"
    assert not Path(name).exists()
    with SentStrategy.of("random").here() as name:
        assert name == "random"


def test_a_copy_has_keys_of_searches_as_its_file_has_whatever_its_lines_end_in(tmp_path):
    file = tmp_path / "mine.py"
    file.write_bytes(b"mine = 1\r\n")
    sent, own = SentStrategy.of(str(file)), strategy_word(str(file))
    assert strategy_word(str(tmp_path / "." / ".." / tmp_path.name / "mine.py")) == own
    file.unlink()
    with sent.here() as name:
        assert name != str(file)
        assert strategy_word(name) == own
