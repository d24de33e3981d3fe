import numpy as np
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.statistics.aggregates import interquartile_mean, probability_of_improvement


def test_the_interquartile_mean_is_of_the_middle_half_of_all_runs():
    # by hand: 0 1 2 3 | 4 5 6 7 8 9 10 11 | 12 13 14 99 pooled over two tasks; the middle eight have mean 7.5
    value, low, high = interquartile_mean([[0, 2, 4, 6, 8, 10, 12, 14], [1, 3, 5, 7, 9, 11, 13, 99]])
    assert value == 7.5
    assert low < 7.5 < high < 14  # one wild run does not move it


def test_the_probability_of_improvement_by_hand():
    # task 1: 3 beats 1 and 2, 2 beats 1 and ties with 2: (2 + 1 + .5) / 4; task 2: never
    value, low, high = probability_of_improvement([[3, 2], [0, 0]], [[1, 2], [1, 1, 1]])
    assert value == (3.5 / 4 + 0) / 2
    assert 0 <= low <= value <= high <= 0.5
    assert probability_of_improvement([[1, 1]], [[1, 1, 1]]) == (0.5, 0.5, 0.5)


def test_both_directions_add_up_to_one():
    generator = np.random.default_rng(0)
    ours, theirs = generator.integers(0, 5, (3, 20)), generator.integers(0, 5, (3, 30))
    one, other = probability_of_improvement(ours, theirs), probability_of_improvement(theirs, ours)
    assert one.value + other.value == pytest.approx(1)


def test_runs_are_drawn_within_their_task():
    # each task is constant, so that only drawing tasks anew could make it vary
    assert interquartile_mean([[1] * 8, [3] * 8]) == (2, 2, 2)


def test_runs_of_a_group_are_drawn_together():
    generator = np.random.default_rng(0)
    groups = np.repeat(generator.normal(size=(8, 1)), 50, axis=1)  # all runs of a group are the same
    theirs = generator.normal(size=400)
    for find in (interquartile_mean, lambda scores: probability_of_improvement(scores, [theirs])):
        once, together, apart = find([groups[:, 0]]), find([groups]), find([groups.ravel()])
        assert together.value == pytest.approx(apart.value)
        assert together[1:] == pytest.approx(once[1:], abs=0.1)
        assert apart.high - apart.low < 0.5 * (together.high - together.low)


def test_the_same_groups_are_drawn_in_tasks_that_share_them():
    groups = np.random.default_rng(0).normal(size=(8, 5))
    theirs = np.random.default_rng(1).normal(size=400)
    for find in (
        lambda scores, labels: interquartile_mean(scores, together=labels),
        lambda scores, labels: probability_of_improvement(scores, [theirs] * len(scores), together=labels),
    ):
        once, shared, apart = find([groups], ()), find([groups] * 3, "aaa"), find([groups] * 3, "abc")
        # three copies of a task say nothing that one of them does not
        assert shared == pytest.approx(once, abs=0.02)
        assert apart.value == pytest.approx(once.value)
        assert apart.high - apart.low < 0.75 * (shared.high - shared.low)
        assert find([groups] * 3, ()) == apart


@pytest.mark.parametrize("labels", ["a", "aa", "abc"])
def test_labels_are_one_a_task_and_of_tasks_of_as_many_groups(labels):
    with pytest.raises(BenchmarkInputError, match="allowed: a label for each task, the same for those of the same"):
        interquartile_mean([np.ones((2, 3)), np.ones((3, 3))], together=labels)


@pytest.mark.parametrize("scores", [[], [[1.0], []], [[[[1.0]]]], [[[], []]]])
def test_tasks_without_runs_are_refused(scores):
    with pytest.raises(BenchmarkInputError, match="allowed: one task or more, each of one run or more"):
        interquartile_mean(scores)


def test_other_tasks_are_refused():
    with pytest.raises(BenchmarkInputError, match="1 tasks against 2"):
        probability_of_improvement([[1.0]], [[1.0], [1.0]])
