"""Walks over surfaces, against surfaces whose minima are known."""

import itertools

import numpy as np
import pytest

from benchmarks.experiments.landscape import landscape_space, share_that_gets_down, walk
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
