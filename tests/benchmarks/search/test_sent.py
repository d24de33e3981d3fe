"""Strategies that go to another machine."""

from pathlib import Path

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
