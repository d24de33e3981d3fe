"""A thousand of the ten thousand inputs that `accelnas reproduce bad_inputs` tries."""

from benchmarks.experiments.bad_inputs.run import try_all
from benchmarks.experiments.bad_inputs.settings import Settings


def test_bad_input_ends_in_one_short_line_the_right_exit_code_and_nothing_overwritten():
    table, faults = try_all(Settings(inputs=1_000, seed=1, processes=1))
    assert not faults
    assert table["inputs"].sum() == 1_000
    assert not table.drop(columns=["kind", "inputs"]).to_numpy().any()
