"""Tables, sentences that must hold, and wrapping that changes nothing that is shown."""

import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.markdown import claim, interval, listed, rounded, span, table, wrapped


def test_a_table_has_a_line_for_each_row():
    assert table(("a", "b"), [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"


def test_a_claim_is_its_sentence_or_an_error_that_names_it():
    assert claim("It holds.", True) == "It holds."
    with pytest.raises(BenchmarkInputError, match=r"'It does not hold\.'"):
        claim("It does\nnot hold.", False)


@pytest.mark.parametrize(
    ("row", "arguments", "text"),
    [
        ({"x": 0.5, "x_low": 0.25, "x_high": 0.75}, ("x",), "0.500 (0.250 to 0.750)"),
        ({"x": 0.5, "low": 0.25, "high": 0.75}, ("x",), "0.500 (0.250 to 0.750)"),
        ({"x": 0.5, "a": 0.25, "b": 0.75}, ("x", "a", "b"), "0.500 (0.250 to 0.750)"),
    ],
)
def test_an_interval_is_taken_from_the_columns_named_or_those_of_its_mean(row, arguments, text):
    assert interval(row, *arguments) == text


def test_spans_and_lists_read_as_one_would_say_them():
    assert span([3.2, 1.1], unit="%") == "1 to 3%"
    assert span([1.2, 1.1]) == "1"
    assert [listed("abc"[:count]) for count in range(4)] == ["none", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize(("value", "text"), [(12345.0, "12,300"), (0.29812, "0.298"), (99.96, "100"), (1.0, "1")])
def test_three_digits_count(value, text):
    assert rounded(value) == text


def test_wrapping_keeps_words_tables_code_and_commands():
    long = "word " * 40 + "`accelnas reproduce --pages` and [a link](there.md)"
    text = f"# Head\n\n{long}\n\n- {long}\n- short\n\n| a |\n| --- |\n\n```\na  b\n\nc\n```\n"
    out = wrapped(text)
    assert out.split() == text.split()
    assert max(map(len, out.splitlines())) <= 120
    assert "`accelnas reproduce --pages`" in out
    assert "| a |\n| --- |" in out
    assert "```\na  b\n\nc\n```" in out
    assert "\n- short\n" in out
    assert wrapped(out) == out
