import pandas as pd
import pytest

from benchmarks.store.files import merge_rows
from hw_model.files import write_whole


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "table.csv"
    for text in ("a\n", "b\n"):
        write_whole(path, text)
        assert path.read_text() == text
    with pytest.raises(TypeError):
        write_whole(path, None)
    assert path.read_text() == "b\n"


def test_fresh_rows_replace_those_of_their_key_and_leave_the_others(tmp_path):
    path, key = tmp_path / "new" / "table.csv", ("task", "seed")
    merge_rows(path, pd.DataFrame({"task": ["b", "a", "a"], "seed": [0, 1, 0], "quality": [0.1, 0.2, 0.3]}), key)
    merge_rows(path, pd.DataFrame({"task": ["a"], "seed": [1], "quality": [0.9]}), key)
    assert path.read_text() == "task,seed,quality\na,0,0.3\na,1,0.9\nb,0,0.1\n"
