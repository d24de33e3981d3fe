"""`accelnas verify` as a user runs it; what it checks is tested beside `benchmarks.verification`."""

import pytest

from benchmarks.verification import verify as module
from benchmarks.verification.again import MAIN_JOB
from benchmarks.verification.verify import THOROUGH
from tests.cli import accelnas, refused


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--task", "speech"), "unknown task 'speech'; allowed: "),
        (("--count", "-1"), "count is -1; allowed: 0 to "),
        (("--seed", "-1"), "seed is -1; allowed: 0 to "),
    ],
)
def test_bad_input_is_one_line_and_makes_nothing(tmp_path, arguments, line):
    assert line in refused("verify", *arguments, "--home", tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_it_ends_with_code_1_where_something_does_not_hold(tmp_path, monkeypatch):
    asked = []

    def verify(tasks, count, seed, job, home, results):
        asked.append((tasks, count, seed, job))
        return count > 0

    monkeypatch.setattr(module, "verify", verify)
    where = ("--home", tmp_path / "home", "--results", tmp_path)
    assert accelnas("verify", "--task", "detection", "detection", *where)[:2] == (0, "everything holds\n")
    assert accelnas("verify", "--count", 0, "--seed", 3, "--all", *where)[:2] == (1, "NOT everything holds\n")
    tasks = ("detection", "classification", "segmentation")
    assert asked == [(("detection",), 1, 0, module.QUICK), (tasks, 0, 3, THOROUGH)]
    code, _, errors = accelnas("verify", "--task", *where)
    assert (code, errors) == (2, "accelnas: --task names no task; allowed: classification, detection, segmentation\n")
    assert len(asked) == 2


def test_all_makes_every_table_again_that_the_quick_check_and_the_main_job_make():
    assert set(THOROUGH) == {*MAIN_JOB, *module.QUICK}
    assert len(THOROUGH) == len(set(THOROUGH))
    assert THOROUGH[-1] == "claims"  # which reads the others
