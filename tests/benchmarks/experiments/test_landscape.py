"""Walks over surfaces, against surfaces whose minima are known."""

import itertools
import shutil

import numpy as np
import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.landscape.run import (
    agreement,
    agreements,
    compiled_latencies,
    landscape_space,
    surface_of,
    titles_of,
    walks,
)
from benchmarks.experiments.landscape.walks import descent, walk
from benchmarks.report.pages.landscape import page
from benchmarks.tables.files import SHIPPED
from hw_model.blocks import check_chain


def bowl(n=9, m=7):
    x, y = np.indices((n, m))
    return (x - 3.0) ** 2 + (y - 5.0) ** 2


def test_every_walk_in_a_bowl_gets_down():
    assert descent(bowl()).share_that_gets_down() == descent(bowl()).share_with_a_way_down() == 1.0
    assert descent(bowl()).minima == 1
    assert walk(bowl(), (8, 0)) == [(8, 0), (7, 1), (6, 2), (5, 3), (4, 4), (3, 5)]


def test_a_trap_holds_the_walks_around_it():
    surface = bowl()
    surface[7, 1] = -0.5 + surface[6:9, 0:3].min()
    assert walk(surface, (8, 0))[-1] == (7, 1)
    assert 0 < descent(surface).share_that_gets_down() < descent(surface).share_with_a_way_down() < 1
    assert descent(surface).minima == 2


def test_a_walk_crosses_a_plateau_to_the_best_neighbour_of_all_of_it():
    surface = np.array([[9.0, 5, 5, 5, 1], [4, 5, 9, 9, 9], [9, 9, 9, 9, 9]])
    # the way on from (0, 1) is down to 4 at once, but the plateau's best neighbour is beyond its other end
    assert walk(surface, (0, 1)) == [(0, 1), (0, 2), (0, 3), (0, 4)]
    assert walk(surface, (1, 1))[-1] == (0, 4)
    assert (descent(surface).minima, descent(surface).share_with_a_way_down()) == (2, 14 / 15)


def test_a_plateau_without_a_better_neighbour_is_one_minimum_and_ends_a_walk():
    assert walk(np.ones((4, 4)), (2, 2)) == [(2, 2)]
    assert (descent(np.ones((4, 4))).minima, descent(np.ones((4, 4))).share_that_gets_down()) == (1, 1)
    assert descent(np.array([[1.0, 1, 2, 1, 1]])).minima == 2


@pytest.mark.parametrize("seed", range(5))
def test_shares_equal_walking_from_every_place(seed):
    surface = np.random.default_rng(seed).integers(0, 4, (8, 6)).astype(float)
    paths = [walk(surface, (i, j)) for i in range(8) for j in range(6)]
    ends = np.array([surface[path[-1]] for path in paths])
    assert descent(surface).share_that_gets_down() == np.mean(ends == surface.min())
    for path in paths:
        assert len(set(path)) == len(path)
        assert all(surface[after] <= surface[before] for before, after in itertools.pairwise(path))
        assert all(max(abs(i - k), abs(j - m)) == 1 for (i, j), (k, m) in itertools.pairwise(path))
    # by hand: from the least upwards, whatever touches what has a way down and is no lower
    able = surface == surface.min()
    for _ in range(surface.size):
        for i, j in np.ndindex(surface.shape):
            near = np.s_[max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2]
            able[i, j] |= bool((able[near] & (surface[near] <= surface[i, j])).any())
    assert descent(surface).share_with_a_way_down() == able.mean()


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
    assert titles_of(table, walked)["macs"].endswith(
        "3 to the least\nof all starts 100% lead there, 100% could; local minima: 1"
    )


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


def test_the_page_says_how_walks_go_and_does_not_say_of_a_smooth_surface_that_it_is_rugged(tmp_path):
    folder = tmp_path / "landscape"
    shutil.copytree(SHIPPED / "landscape", folder, ignore=shutil.ignore_patterns("*.png"))
    text = " ".join(page(folder).split())
    assert "which a walk crosses to the best neighbour of all of it" in text
    table = pd.read_csv(folder / "landscape.csv")
    assert f"with {descent(surface_of(table, 'latency').to_numpy(float)).minima} local minima" in text
    table.assign(latency_ms=table["macs"] / 1e7).to_csv(folder / "landscape.csv", index=False)
    with pytest.raises(BenchmarkInputError, match=r"no longer show what their page says: .*rugged"):
        page(folder)
