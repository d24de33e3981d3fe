import json
import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.strategies.measures import regret
from benchmarks.experiments.strategies.peer_runs import lookup_of
from benchmarks.experiments.strategies.problems import REPORTED, TUNING, nas_bench_macro, npu_table, tuning_tables
from benchmarks.experiments.strategies.run import Settings, our_rows, shown
from benchmarks.experiments.strategies.trained import arena_problems
from benchmarks.tables.arena import Arena
from hw_model.blocks import Block
from hw_model.predict import predict
from nas_algos.objectives import INFEASIBLE
from nas_algos.tabular import all_genotypes

MACRO = Path(os.environ.get("NAS_BENCH_MACRO", "nas-bench-macro_cifar10.json"))  # its published file


@pytest.mark.parametrize("name", [*REPORTED, *TUNING])
def test_every_network_lies_within_the_published_reference_point(name):
    table = npu_table(name)
    assert (table.scores <= table.reference).all()
    assert (table.scores >= 0).all()
    assert len(table.scores) == math.prod(table.cardinalities)
    # and the reference point is near what it bounds, so that hypervolumes are not all alike
    assert (table.scores.max(0) > 0.8 * table.reference).all()


def test_latency_in_a_table_is_that_of_the_whole_network():
    name = "chain-8x3-npu-p16"
    table, problem = npu_table(name), REPORTED[name]
    for row in np.random.default_rng(0).integers(0, len(table.scores), 5):
        genotype = np.unravel_index(row, table.cardinalities)
        size, blocks = problem.size, []
        for (inputs, outputs, stride), options, choice in zip(problem.stages, problem.options, genotype, strict=True):
            kind, kernel, expansion = options[choice]
            residual = stride == 1 and inputs == outputs
            blocks.append(Block(kind, size, size, inputs, outputs, kernel, stride, expansion, residual))
            size = blocks[-1].out_height
        assert table.scores[row, 1] == pytest.approx(predict(blocks, problem.npu).cost.latency_ms, rel=1e-4)


def test_draws_differ_in_error_alone_and_the_scores_are_their_mean():
    table = npu_table("chain-6x5-npu-p32")
    assert table.draws is not None
    np.testing.assert_allclose(table.draws.mean(0), table.scores)
    spread = table.draws.std(0, ddof=1)
    assert spread[:, 0].mean() > 0.01
    assert spread[:, 1].max() < 1e-9


def test_nothing_is_tuned_on_what_is_reported():
    assert not {table.name for table in tuning_tables()} & set(REPORTED)
    reported = {(problem.npu, problem.size, problem.stages) for problem in REPORTED.values()}
    assert not reported & {(problem.npu, problem.size, problem.stages) for problem in TUNING.values()}


def test_an_unknown_problem_is_named():
    with pytest.raises(BenchmarkInputError, match="unknown problem 'nasbench'; allowed: chain-8x3-npu-p16"):
        npu_table("nasbench")


def test_nas_bench_macro_is_read_from_its_published_file():
    if not MACRO.exists():
        pytest.skip("needs NAS_BENCH_MACRO, the path of nas-bench-macro_cifar10.json")
    table = nas_bench_macro(MACRO)
    assert table.draws is not None
    rows = json.loads(MACRO.read_text())
    means = [np.mean(row["test_acc"]) for row in rows.values()]
    # network 02012100, by the file: accuracies 89.47, 88.95 and 89.17, and 47,327,744 MACs
    draws = table.draws[:, int("02012100", 3)]
    assert (draws[1, 0] - draws[0, 0]) * (max(means) - min(means)) == pytest.approx(89.47 - 88.95, abs=1e-4)
    assert draws[0, 1] * max(row["flops"] for row in rows.values()) == pytest.approx(47_327_744)
    assert (table.scores <= table.reference).all()


def test_a_file_as_nas_bench_macro_has_it_is_read_in_the_order_of_genotypes(tmp_path):
    count = 3**8
    rows = {  # better and larger by a step each, the last first
        np.base_repr(row, 3).zfill(8): {"test_acc": [80 + row, 81 + row, 82.5 + row], "flops": 1000 + row}
        for row in reversed(range(count))
    }
    path = tmp_path / "macro.json"
    path.write_text(json.dumps(rows))
    table = nas_bench_macro(path)
    assert (table.name, table.cardinalities, table.reference.tolist()) == ("nas-bench-macro", (3,) * 8, [1, 1])
    below = np.arange(count)[::-1] / (count - 1)  # how far below the best, of the range of the means
    np.testing.assert_allclose(table.scores[:, 0], below, atol=1e-12)
    np.testing.assert_allclose(table.scores[:, 1], (1000 + np.arange(count)) / (1000 + count - 1))
    assert table.draws is not None
    apart = (table.draws - table.scores)[..., 0] * (count - 1)
    np.testing.assert_allclose(apart, np.broadcast_to([[3.5 / 3], [0.5 / 3], [-4 / 3]], apart.shape), atol=1e-6)
    assert (table.draws[..., 1] == table.draws[0, :, 1]).all()
    del rows["00000000"]
    path.write_text(json.dumps(rows))
    with pytest.raises(BenchmarkInputError, match="has 6560 networks; NAS-Bench-Macro has 6561"):
        nas_bench_macro(path)


@pytest.mark.parametrize("text", ["{}", "[1]", "not json", '{"0": {"test_acc": [1]}}'])
def test_a_file_that_is_not_nas_bench_macro_is_named(tmp_path, text):
    path = tmp_path / "wrong.json"
    path.write_text(text)
    with pytest.raises(BenchmarkInputError, match=r"wrong\.json"):
        nas_bench_macro(path)


def test_on_an_arena_each_search_sees_trainings_of_its_own_about_what_is_expected():
    quality, seed_std = np.array([0.2, 0.6, 0.4, 0.5], np.float32), np.array([0, 0.04, 0, 0], np.float32)
    latency_ms = np.array([1, 4, 2, 3], np.float32)
    arena = Arena((2, 2), quality, seed_std, quality, quality, {"npu": latency_ms}, {"npu": 3.0}, 0.5)
    error, bounded, front = arena_problems("four", arena, "npu")
    np.testing.assert_allclose(error.table.scores, [[1, 1], [0, 4], [0.5, 2], [0.25, 3]], atol=1e-6)
    assert error.table.reference.tolist() == [1, 4]
    assert front.seen().tolist() == [error.table.scores.astype(np.float32).tolist()]
    every = np.arange(4)
    apart = np.array([error.errors_seen(seed, every) - error.table.scores[:, 0] for seed in range(200)])
    assert not apart[:, [0, 2, 3]].any()
    assert len(set(apart[:, 1].tolist())) == 200
    # a seed is worth .04 of a range of .4; two hundred draws say that to about a twentieth
    assert apart[:, 1].std() == pytest.approx(0.1, rel=0.2)
    assert error.digest == bounded.digest != replace(error, seed_std=np.zeros(4)).digest
    # what searches are shown: number 9 is the fifth of the second of two problems
    assert bounded.feasible.tolist() == [True, False, False, False]
    seen = np.asarray(shown([error, bounded], False)(9, all_genotypes((2, 2))))
    assert seen[0] == pytest.approx(1)
    assert (seen[1:] >= INFEASIBLE).all()
    both = np.asarray(shown([error, bounded], True)(9, all_genotypes((2, 2))))
    assert both[:, 0].tolist() == seen.tolist()
    np.testing.assert_allclose(both[:, 1], bounded.errors_seen(4, every), rtol=1e-5)
    free = np.asarray(shown([error, bounded], False)(8, all_genotypes((2, 2))))
    np.testing.assert_allclose(free, error.errors_seen(4, every), rtol=1e-5, atol=1e-6)
    assert free[1] != both[1, 1]  # of another problem other trainings
    (row, _) = our_rows([error, bounded], Settings(evaluations=(4,), seeds=30, strategies=("random",)))
    # all four networks are looked at; the second is the best, and now and then looks worse than others by its noise
    assert row["regret"] == pytest.approx(np.mean([regret(error, seed, every) for seed in range(30)]))
    assert lookup_of(bounded, 4, seed=4)((0, 1))[0] == (bounded.errors_seen(4, every)[1],)
