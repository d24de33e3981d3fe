"""Tables of one's own: read as their rows say, searched without charging for what is not there or the same."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import cli
from benchmarks.errors import BenchmarkInputError
from benchmarks.search.on_table import run_compare, search_table
from benchmarks.tables.own import ABSENT
from benchmarks.tables.own_files import read_table, save_table, with_costs
from nas_algos.tabular import make_table
from tests.cli import refused

TEXT = """width,body,kernel,quality,latency_ms
8,conv,,0.5,1
8,conv,,0.7,1
8,ibn,3,0.8,2
8,ibn,5,0.9,4
16,conv,,0.65,3
16,ibn,3,,5
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(TEXT)
    return path


def test_rows_of_a_network_are_its_trainings_and_an_empty_decision_is_all_its_choices(path):
    table = read_table(path)
    assert table.choices == (("8", "16"), ("conv", "ibn"), ("3", "5"))
    assert table.places[0, 0, 0] == table.places[0, 0, 1] == 0
    assert table.places[0, 1, 1] == 2
    assert (1, 1, 1) not in table.places
    assert [each.tolist() for each in table.qualities[:3]] == [[0.5, 0.7], [0.8], [0.9]]
    np.testing.assert_allclose(table.true[:4], [0.6, 0.8, 0.9, 0.65])
    assert table.within({"latency_ms": 3}).tolist() == [True, True, False, True, False]


def test_an_answer_is_of_the_seed_and_what_is_not_there_is_over_a_bound(path):
    table = read_table(path)
    evaluator = table.evaluator()
    for seed in range(3):
        evaluator.submit((0, 0, 1), 1.0, seed)
    evaluator.submit((1, 1, 0), 1.0, 0)
    answers = [answer for _, answer in evaluator.completed()]
    assert [answer.quality for answer in answers[:3]] == [0.5, 0.7, 0.5]
    assert answers[3].error == "failed in the table"
    cost = evaluator.cost(np.array([[0, 0, 0], [1, 1, 1]]))
    assert cost[ABSENT].tolist() == [0, 1] == [0, table.bounds[ABSENT] * 2]
    assert cost["latency_ms"].tolist() == [1, 5]


def test_a_search_evaluates_every_network_once_and_finds_the_best_within_the_bound(path):
    for bounds, best in (({}, (0, 1, 1)), ({"latency_ms": 3.5}, (0, 1, 0))):
        table = read_table(path)
        (found,) = search_table(table, bounds, "random", [], 50, 1)
        assert found.best is not None
        assert found.best.genotype == best
        evaluated = [each for each in found.candidates if each.state == "evaluated"]
        able = sum(table.costs["latency_ms"] <= bounds.get("latency_ms", 9))
        assert len({table.places[each.genotype] for each in evaluated}) == len(evaluated) == able
        assert all(
            table.places.get(each.genotype) is None or each.genotype[1] or not each.genotype[2]
            for each in found.candidates
        )


LATE = """
import jax.numpy as jnp
from nas_algos.genotypes import sample
from nas_algos.strategy import Strategy

def strategy(cardinalities):
    def ask(state, key):
        return jnp.where(state < 4, sample(key, cardinalities, 1), -1)

    return Strategy("late", tuple(cardinalities), lambda key: jnp.zeros((), int), ask, lambda state, *told: state + 1)
"""


@pytest.mark.parametrize("traceable", [True, False])
def test_a_proposal_out_of_range_is_no_network_of_the_table(path, tmp_path, capsys, traceable):
    file = tmp_path / "late.py"
    file.write_text(LATE if traceable else LATE.replace("state + 1)", "state + 1, traceable=False)"))
    options = ["--table", str(path), "--strategy", str(file), "--results", str(tmp_path)]
    assert cli.run(["search", *options]) == 2
    assert "ask gave -1 for decision 0; the rule is 0 to 1" in capsys.readouterr().err


def test_a_device_s_costs_take_the_place_of_the_table_s(path, tmp_path):
    device = tmp_path / "device.csv"
    device.write_text("width,body,kernel,latency_ms\n8,conv,,7\n8,ibn,,8\n16,,,9\n")
    assert with_costs(read_table(path), device).costs["latency_ms"].tolist() == [7, 8, 8, 9, 9]
    # timings of one network are averaged, as its qualities are
    device.write_text("width,body,kernel,latency_ms\n8,conv,,6\n8,conv,3,8\n8,ibn,,8\n16,,,9\n16,ibn,,10\n")
    assert with_costs(read_table(path), device).costs["latency_ms"].tolist() == [7, 8, 8, 9, 9.5]
    device.write_text("width,body,kernel,latency_ms\n8,conv,,7\n")
    with pytest.raises(BenchmarkInputError, match="no latency_ms of 4 networks of the table"):
        with_costs(read_table(path), device)


def test_a_row_a_block_says_what_each_choice_adds(path, tmp_path):
    device = tmp_path / "blocks.csv"
    text = (
        "decision,choice,latency_ms\n,,0.5\nwidth,8,1\nwidth,16,2\nbody,conv,4\nbody,ibn,8\nkernel,3,16\nkernel,5,32\n"
    )
    device.write_text(text)
    # a decision that does not matter adds nothing
    assert with_costs(read_table(path), device).costs["latency_ms"].tolist() == [5.5, 25.5, 41.5, 6.5, 26.5]
    for old, new, message in (
        ("kernel,5,32\n", "", "no row of kernel '5'"),
        ("kernel,5,32", "kernel,5,", "no latency_ms of a choice"),
        ("kernel,5", "depth,5", "line 8.* decision 'depth'; allowed: width, body, kernel"),
        ("kernel,5,32", ",5,32", "line 8 has choice '5' of no decision"),
        ("kernel,5", "kernel,3", "line 8 is of a choice that another line is of too"),
        ("latency_ms", "decision", "column 'decision'; allowed: names that differ"),
    ):
        device.write_text(text.replace(old, new))
        with pytest.raises(BenchmarkInputError, match=message):
            with_costs(read_table(path), device)


def test_an_npz_table_is_searched_like_a_csv_one(tmp_path):
    rng = np.random.default_rng(0)
    scores, names = rng.random((2, 6, 2)), {"decisions": ["width", "kernel"], "costs": ["latency_ms"]}
    scores[:, 4, 0] = np.inf
    made = {"name": "made", "cardinalities": (2, 3), "scores": scores, "reference": (1.0, 1.0)}
    np.savez(tmp_path / "made.npz", **made, **names)
    table = read_table(tmp_path / "made.npz")
    save_table(make_table(**made), tmp_path / "made.csv", **names)
    again = read_table(tmp_path / "made.csv")
    assert (table.decisions, table.choices, table.places) == (again.decisions, again.choices, again.places)
    assert table.chosen == again.chosen
    np.testing.assert_allclose(table.qualities, again.qualities)
    np.testing.assert_allclose(table.costs["latency_ms"], again.costs["latency_ms"])
    for wrong, message in (
        ({"scores": scores[:, :5]}, "scores are"),
        ({"costs": ["a", "b"]}, "2 names of costs; allowed: 1"),
        ({"costs": ["width"]}, "name 'width'; allowed: names that differ"),
        ({"name": np.array([None])}, "cannot be read as .npz"),
    ):
        np.savez(tmp_path / "made.npz", **made | names | wrong)
        with pytest.raises(BenchmarkInputError, match=message):
            read_table(tmp_path / "made.npz")
    (tmp_path / "made.npz").write_bytes((tmp_path / "made.csv").read_bytes())
    with pytest.raises(BenchmarkInputError, match="cannot be read"):
        read_table(tmp_path / "made.npz")


def test_a_table_that_is_saved_is_read_again(tmp_path):
    draws = np.random.default_rng(0).random((3, 6, 2))
    saved = make_table("small", (2, 3), draws, (1.0, 1.0))
    save_table(saved, tmp_path / "saved.csv", costs=["macs"])
    table = read_table(tmp_path / "saved.csv")
    assert table.complete
    assert table.cardinalities == (2, 3)
    np.testing.assert_allclose(table.true, -saved.scores[:, 0])
    np.testing.assert_allclose(table.costs["macs"], saved.scores[:, 1])


def test_the_resolution_counts_networks_that_trainings_cannot_tell_from_the_best(path):
    # one network has two trainings, 0.5 and 0.7: a deviation of 0.1414
    text = read_table(path).resolution({})
    assert "standard deviation of 0.141: 4 of 4 networks" in text
    path.write_text(TEXT.replace("0.7,1", "0.5001,1"))
    assert "1 of 4 networks" in read_table(path).resolution({})


def test_trainings_that_failed_tell_no_networks_apart(path):
    path.write_text(TEXT + "8,ibn,5,,4\n8,ibn,5,,4\n8,conv,,,1\n")
    assert "standard deviation of 0.141: 4 of 4 networks" in read_table(path).resolution({})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("quality", "accuracy", "no column quality"),
        ("0.9,4", "good,4", "line 5 has quality 'good'"),
        ("0.9,4", "0.9,", "line 5 has no latency_ms"),
        ("16,ibn,3", "8,conv,3", "line 7 is a network that another line"),
        (TEXT, "", "cannot be read as CSV"),
        (TEXT, TEXT.splitlines()[0], "has no row"),
        ("latency_ms", "width", "column 'width'; allowed: names that differ"),
        ("0.9,4", "0.9", "line 5 has no latency_ms"),
        ("0.9,4", "0.9,4,5", "cannot be read as CSV"),
        ("8,ibn,3", "\n\n8,ibn,3,0.5,x\n8,ibn,3", "line 6 has latency_ms 'x'"),
        (TEXT, "\n \n", "cannot be read as CSV"),
    ],
)
def test_a_file_that_is_no_table_is_named_with_its_line(path, old, new, message):
    path.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(BenchmarkInputError, match=message):
        read_table(path)


def test_space_around_a_choice_makes_no_other_choice(path):
    path.write_text(TEXT.replace("16,conv,,", " 16 ,conv ,,"))
    assert read_table(path).choices == (("8", "16"), ("conv", "ibn"), ("3", "5"))


def test_a_cost_of_all_networks_of_many_decisions_is_one_row(tmp_path):
    names = [f"d{number}" for number in range(40)]
    header, devices = ",".join(names), tmp_path / "device.csv"
    (tmp_path / "many.csv").write_text(
        f"{header},quality\n" + "".join(",".join(choice * 40) + f",0.{choice}\n" for choice in "123")
    )
    devices.write_text(f"{header},latency_ms\n{',' * 40}7\n1{',' * 40}9\n")
    assert with_costs(read_table(tmp_path / "many.csv"), devices).costs["latency_ms"].tolist() == [8, 7, 7]


def test_qualities_of_a_table_are_worked_out_once(path):
    table = read_table(path)
    assert table.true is table.true


def test_a_comparison_of_more_searches_than_any_can_wait_for_is_refused(path, tmp_path):
    where = ("--results", tmp_path / "results")
    line = ("compare", "--table", path, "--seeds", 9_000_000, *where)
    assert "seeds is 9000000; allowed: 2 to 1000000" in refused(*line)


def test_a_comparison_has_a_row_a_strategy_beside_random_search(path, tmp_path, capsys):
    frame = run_compare(path, None, {"latency_ms": 4.0, "param_bytes": None}, ("local_search",), 1, 3, 4, tmp_path)
    assert frame["strategy"].tolist() == ["random", "local_search"]
    assert capsys.readouterr().out.startswith("random: searched\nlocal_search: searched\n")
    assert frame["value"].between(0, 0.3).all()
    assert np.isnan(frame["p_adjusted"][0])
    assert 0 <= frame["p_adjusted"][1] <= 1


def test_a_network_whose_one_training_failed_is_worth_its_other_ones(path, tmp_path):
    path.write_text(TEXT + "16,ibn,5,0.95,4\n16,ibn,5,,4\n")
    table = read_table(path)
    assert table.true.tolist()[-1] == 0.95
    assert np.isnan(table.true[4])
    frame = run_compare(path, None, {"latency_ms": None, "param_bytes": None}, ("local_search",), 1, 6, 4, tmp_path)
    assert np.isfinite(frame["value"]).all()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--task", "nosuch", "--space", "nosuch"), "--table with --task, --space; allowed: none of them"),
        (("--profile", "nosuch", "--training", "a=b"), "--table with --profile, --training; allowed: none"),
        (("--dataset", "nosuch", "--classes", "3"), "--table with --dataset, --classes; allowed: none of them"),
        (("--evaluator", "supernet:fair", "--final-seeds", "1"), "--table with --evaluator, --final-seeds; allowed"),
        (("--executor", "ray", "--address", "x:1", "--home", "y"), "--table with --executor, --address, --home; "),
        (("--policy", "hyperband"), "--table with --policy; allowed: none of them, as a table has answers"),
        (("--set", "rungs=3", "proposals=1", "confirmations=5"), "--set confirmations, rungs, proposals with a table"),
    ],
)
def test_what_a_table_does_not_use_is_refused_and_named(path, tmp_path, arguments, line):
    where = ["--results", str(tmp_path / "results")]
    assert line in refused("search", "--table", path, "--strategy", "genetic", *where, *arguments)
    assert not (tmp_path / "results").exists()


def test_two_files_of_one_name_are_told_apart_in_a_comparison(path, tmp_path, capsys):
    files = [tmp_path / folder / "climber.py" for folder in "ab"]
    for file in files:
        file.parent.mkdir()
        file.write_text((Path(__file__).parents[3] / "examples/climber.py").read_text())
    where = ["--seeds", "2", "--budget", "3", "--results", str(tmp_path / "results")]
    assert cli.run(["compare", "--table", str(path), "--contenders", *map(str, files), "local_search", *where]) == 0
    (written,) = (tmp_path / "results").glob("*/compare.csv")
    assert pd.read_csv(written)["strategy"].tolist() == ["random", *map(str, files), "local_search"]


def test_what_a_comparison_on_a_table_does_not_use_is_refused_and_named_too(path, tmp_path):
    more = ["--task", "nosuch", "--slow-seeds", "3", "--pool", "9", "--results", str(tmp_path / "results")]
    said = refused("compare", "--table", path, *more)
    assert "--table with --task, --slow-seeds, --pool; allowed: none of them" in said
    assert not (tmp_path / "results").exists()


def test_the_command_writes_what_it_found(path, tmp_path, capsys):
    where = ["--results", str(tmp_path / "results")]
    arguments = ["search", "--table", str(path), "--strategy", "random", "--budget", "4", "--seeds", "2", *where]
    assert cli.run(arguments) == 0
    assert "mine: 7 of 8 genotypes" in capsys.readouterr().out
    (written,) = (tmp_path / "results").glob("table-mine-random-*/table.csv")
    assert pd.read_csv(written)["seed"].tolist() == [0, 1]
    candidates = pd.read_csv(written.parent / "candidates.csv")
    assert (candidates["within_bound"] == (candidates["state"] != "infeasible")).all()
    assert not candidates["within_bound"].all()  # one genotype is not in the table
    assert pd.read_csv(written)["within_bound"].all()
    assert cli.run([*arguments, "--peak-bytes", "5"]) == 2
    assert "the table has no peak_activation_bytes; its costs: latency_ms" in capsys.readouterr().err
    assert cli.run([*arguments, "--accelerator", "ethos-u55-128"]) == 2
    assert "accelerator 'ethos-u55-128' with --table; allowed: a CSV file" in capsys.readouterr().err
