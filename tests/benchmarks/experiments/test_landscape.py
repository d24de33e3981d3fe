"""Walks over surfaces, against surfaces whose minima are known."""

import itertools

import numpy as np
import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.landscape.run import (
    agreement,
    agreements,
    compiled_latencies,
    landscape_space,
    share_that_gets_down,
    titles_of,
    walk,
    walks,
)
from hw_model.blocks import check_chain


def bowl(n=9, m=7):
    x, y = np.indices((n, m))
    return (x - 3.0) ** 2 + (y - 5.0) ** 2


def test_every_walk_in_a_bowl_gets_down():
    assert share_that_gets_down(bowl()) == 1.0
    assert walk(bowl(), (8, 0)) == [(8, 0), (7, 1), (6, 2), (5, 3), (4, 4), (3, 5)]


def test_a_trap_holds_the_walks_around_it():
    surface = bowl()
    surface[7, 1] = -0.5 + surface[6:9, 0:3].min()
    assert walk(surface, (8, 0))[-1] == (7, 1)
    assert 0 < share_that_gets_down(surface) < 1


def test_a_plateau_ends_a_walk():
    assert walk(np.ones((4, 4)), (2, 2)) == [(2, 2)]


@pytest.mark.parametrize("seed", range(5))
def test_shares_equal_walking_from_every_place(seed):
    surface = np.random.default_rng(seed).integers(0, 20, (8, 6)).astype(float)
    ends = [surface[walk(surface, (i, j))[-1]] for i in range(8) for j in range(6)]
    assert share_that_gets_down(surface) == np.mean(np.array(ends) == surface.min())
    path = walk(surface, (0, 0))
    assert all(surface[after] < surface[before] for before, after in itertools.pairwise(path))


def test_the_landscape_holds_all_channels():
    space = landscape_space()
    assert space.cardinalities == (93, 93)
    for genotype in ((0, 0), (92, 92)):
        check_chain(space.decode(genotype))
    assert {block.out_channels for block in space.decode((92, 0))} == {16, 96, 4, 5}


def channels_table(curated_every=4, least=4, most=96):
    x, y = np.indices((most - least + 1,) * 2) + least
    return pd.DataFrame(
        {
            "channels_2": x.ravel(),
            "channels_3": y.ravel(),
            "macs": (x * y).ravel(),
            "latency_ms": (x + y + 3 * ((x % 4) != 0)).ravel(),
            "curated": (x % curated_every + y % curated_every == 0).ravel(),
        }
    )


def test_walks_start_at_the_same_networks_on_every_surface_and_go_on_by_one_step():
    table = channels_table()
    walked = walks(table, count=3)
    assert walked["surface"].unique().tolist() == ["macs", "latency", "curated"]
    starts = walked[walked["step"] == 0].set_index(["surface", "walk"])[["channels_2", "channels_3"]]
    assert (starts.loc["macs"] == starts.loc["latency"]).all().all()
    assert ((starts.loc["curated"] - starts.loc["macs"]).abs() <= 4).all().all()
    assert walked.equals(walks(table, count=3))
    for (name, _), steps in walked.groupby(["surface", "walk"]):
        moves = steps[["channels_2", "channels_3"]].diff().dropna().abs()
        assert (moves <= (4 if name == "curated" else 1)).all().all()
    ends = walked.groupby(["surface", "walk"]).tail(1)
    assert (ends[ends["surface"] == "macs"][["channels_2", "channels_3"]] == 4).all().all()
    assert titles_of(table, walked)["macs"].endswith("3 to the least\nof all starts 100% lead there")


def test_the_agreement_of_two_surfaces_by_hand():
    first = np.array([[1.0, 2.0], [3.0, 2.0], [3.0, 2.01]])
    other = np.array([[1.0, 2.0], [3.0, 3.0], [4.0, 2.0]])
    # along axis 0: +, 0 and 0, + (of .5%) against +, + and +, -; along axis 1: +, -, - against +, level, -
    found = agreement(first, other)
    assert found[["steps", "n", "same_way"]].values.tolist() == [
        ["all", 7, 3 / 7],
        ["counted", 5, 3 / 5],
        ["large", 4, 3 / 4],
    ]
    assert found["kendall_tau"].between(-1, 1).all()


def test_steps_smaller_than_other_weights_would_make_count_for_nothing():
    first = np.array([[1.0, 1.001, 1.002, 1.1, 1.2]])
    found = agreement(first, first[:, ::-1]).set_index("steps")
    assert found["n"].to_dict() == {"all": 4, "counted": 2, "large": 2}
    assert agreement(first, first).set_index("steps").loc["counted", "kendall_tau"] == 1


def test_every_other_surface_is_compared_with_the_latency():
    table = channels_table()
    found = agreements(table.assign(estimated_ms=table["latency_ms"] * 2)).set_index(["surface", "steps"])
    assert (found.loc["estimated_ms", "same_way"] == 1).all()
    # always up in channels_3; in channels_2 down in one step of four; never level
    assert found.loc[("macs", "all"), "same_way"] == 7 / 8
    assert found.loc[("macs", "counted"), "n"] == found.loc[("macs", "all"), "n"] == 2 * 93 * 92


def test_latencies_of_other_networks_are_refused(tmp_path):
    table = channels_table()
    table.to_csv(tmp_path / "table.csv", index=False)
    assert (compiled_latencies(tmp_path / "table.csv", table) == table["latency_ms"]).all()
    with pytest.raises(BenchmarkInputError, match="it holds other networks"):
        compiled_latencies(tmp_path / "table.csv", table[1:].reset_index(drop=True))
    with pytest.raises(BenchmarkInputError, match="cannot take latencies from"):
        compiled_latencies(tmp_path / "none.csv", table)
