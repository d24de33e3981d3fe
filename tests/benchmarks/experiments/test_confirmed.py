"""Promise beside truth: which algorithms are confirmed, what is trained for it, and rows by hand."""

import math

import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.curation.settings import KINDS
from benchmarks.experiments.head_to_head.confirmed import Settings, confirmed_rows, run
from benchmarks.tables.confirm import BEST, IN_SPACES, Winner, algorithms, seed_of, winners
from benchmarks.tables.files import SHIPPED
from benchmarks.tables.jobs import job_of
from benchmarks.tables.parts import part_of, size_of
from benchmarks.tables.recipes import FINAL, SEARCH
from tasks.registry import make_task


def test_of_each_family_the_two_of_least_regret_with_the_largest_budget_are_confirmed():
    rows = [("random", "random", 30, 0.5), ("a", "one", 30, 0.3), ("b", "one", 30, 0.1), ("c", "one", 30, 0.2)]
    rows += [("a", "one", 10, 0.0), ("baseline", "none", 30, 0.0)]
    names = ("algorithm", "family", "budget", "regret")
    assert algorithms([dict(zip(names, row, strict=True)) for row in rows]) == {"b", "c", "random"}


def test_shipped_winners_become_jobs_of_networks_of_like_kinds_by_both_recipes():
    task = make_task("segmentation")
    found = winners(SHIPPED, task)
    families: dict[str, set[str]] = {}
    for winner in found:
        families.setdefault(winner.family, set()).add(winner.algorithm)
    assert "random" in families
    assert len(families.pop(IN_SPACES)) == len(KINDS)
    assert max(map(len, families.values())) == BEST
    wanted = part_of(SHIPPED, task, "confirm")
    assert len(wanted) == size_of(SHIPPED, "segmentation", "confirm")
    assert {each.fidelity for each in wanted} == {SEARCH["segmentation"], FINAL["segmentation"]}
    trained = {tuple(genotype) for each in wanted for genotype in each.cell.genotypes.tolist()}
    assert trained == {winner.genotype for winner in found}
    largest = max(wanted, key=lambda each: len(each.cell.seeds))
    assert len(set(largest.cell.seeds)) == len(job_of(largest, task)["chains"]) > 1


def test_a_row_has_the_mean_promise_and_the_means_of_both_recipes():
    found = [Winner("a", "one", (place,), 0.6) for place in (0, 1, 1)] + [Winner("b", "one", (7,), 0.9)]
    keys = [((place,), seed_of((place,))) for place in (0, 1, 7)]
    known = {
        "search": dict(zip(keys, (0.5, 0.56, 0.4), strict=True)),
        "final": dict(zip(keys, (0.7, 0.73), strict=False)),
    }
    (row,) = confirmed_rows("toy", found, known)
    assert (row["algorithm"], row["searches"], row["networks"]) == ("a", 3, 2)
    assert (row["trained"], row["final"]) == (pytest.approx(0.54), pytest.approx(0.72))
    assert row["difference"] == pytest.approx(0.06)
    # Student's quantile for two degrees of freedom, 4.303, times .0346 / sqrt(3)
    assert row["high"] - row["trained"] == pytest.approx(4.303 * 0.034641 / math.sqrt(3), rel=1e-3)


def test_without_trainings_it_says_what_makes_them(tmp_path):
    with pytest.raises(BenchmarkInputError, match="--live confirmed"):
        run(Settings(task=("segmentation",)), tmp_path, tmp_path)
