import numpy as np
import pytest
from scipy import stats

from benchmarks.errors import BenchmarkInputError
from benchmarks.statistics.contrasts import Summary, each_to_each, holm, many_to_one, welch, welch_of_means
from benchmarks.statistics.intervals import mean_interval

# Dunnett's example (JASA 50, 1955, section 2): blood counts of a control and two drugs, in millions a cubic mm
BLOOD = {
    "control": [7.40, 8.50, 7.20, 8.24, 9.84, 8.32],
    "drug A": [9.76, 8.80, 7.68, 9.36],
    "drug B": [12.80, 9.68, 12.16, 9.20, 10.55],
}


def test_each_against_the_control_is_welchs_test_adjusted_by_holm():
    found = many_to_one(BLOOD, "control")
    assert list(found) == ["drug A", "drug B"]
    p = [stats.ttest_ind(BLOOD[name], BLOOD["control"], equal_var=False).pvalue for name in found]
    assert p[1] < p[0]
    assert [each.p for each in found.values()] == pytest.approx([p[0], 2 * p[1]])
    # the second difference, with both means' variances by hand; its interval is for one of two contrasts
    drug, control = np.array(BLOOD["drug B"]), np.array(BLOOD["control"])
    parts = drug.var(ddof=1) / 5, control.var(ddof=1) / 6
    degrees = sum(parts) ** 2 / (parts[0] ** 2 / 4 + parts[1] ** 2 / 5)
    half = stats.t.ppf(1 - 0.0125, degrees) * sum(parts) ** 0.5
    assert found["drug B"][:3] == pytest.approx((2.628, 2.628 - half, 2.628 + half), abs=1e-3)


def test_noisy_groups_beside_it_do_not_hide_a_difference():
    generator = np.random.default_rng(0)
    groups = {"random": generator.normal(0, 1, 300), "better": generator.normal(-0.6, 1, 300)}
    noisy = {f"noisy {number}": generator.normal(0, 20, 300) for number in range(6)}
    found = many_to_one({name: values.tolist() for name, values in (groups | noisy).items()}, "random")
    assert found["better"].p < 1e-6
    assert found["better"].high < 0


def test_groups_that_do_not_vary_differ_if_their_values_do():
    found = many_to_one({"control": [1.0, 1.0], "same": [1.0, 1.0, 1.0], "more": [2.0, 2.0]}, "control")
    assert [each.p for each in found.values()] == [1.0, 0.0]
    assert [each.p < 0.05 for each in found.values()] == [False, True]
    many, few = np.full(1000, 0.001), np.full(30, 0.001)
    assert many.mean() != few.mean()  # rounded otherwise
    assert many_to_one({"control": many, "same": few}, "control")["same"].p == 1


def test_two_groups_by_games_and_howell_are_welchs():
    generator = np.random.default_rng(0)
    groups = {"few": generator.normal(0, 1, 6).tolist(), "many": generator.normal(1, 5, 40).tolist()}
    found = each_to_each(groups)
    welch = stats.ttest_ind(groups["few"], groups["many"], equal_var=False)
    interval = welch.confidence_interval()
    assert found["few", "many"].p == pytest.approx(welch.pvalue, rel=1e-3)
    assert found["few", "many"][1:3] == pytest.approx((interval.low, interval.high), rel=1e-3)
    assert found["many", "few"].difference == -found["few", "many"].difference
    assert found["many", "few"].low == pytest.approx(-found["few", "many"].high)


def test_a_matrix_has_every_ordered_pair():
    found = each_to_each(BLOOD)
    assert set(found) == {(a, b) for a in BLOOD for b in BLOOD if a != b}
    assert found["drug B", "control"].difference == pytest.approx(np.mean(BLOOD["drug B"]) - np.mean(BLOOD["control"]))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"control": [1.0, 2.0], "one": [1.0]}, "one has 1 values; allowed: two or more"),
        ({"control": [1.0, np.nan], "two": [1.0, 2.0]}, "control has 2 values; allowed: two or more, all finite"),
        ({"a": [1.0, 2.0], "b": [1.0, 2.0]}, "control is 'control'; allowed: a, b"),
    ],
)
def test_what_cannot_be_compared_is_named(groups, message):
    with pytest.raises(BenchmarkInputError, match=message):
        many_to_one(groups, "control")


def test_a_group_that_does_not_vary_has_no_games_howell_interval():
    with pytest.raises(BenchmarkInputError, match="all values of b are the same"):
        each_to_each({"a": [1.0, 2.0], "b": [2.0, 2.0]})


def test_welchs_test_from_intervals_is_that_of_the_values():
    one, other = [1.0, 2.0, 4.0, 4.5], [5.0, 3.0, 8.0, 9.0, 2.0]
    summaries = [Summary(*mean_interval(values), len(values)) for values in (one, other)]
    assert summaries[0].deviation == pytest.approx(np.std(one, ddof=1))
    assert welch(*summaries) == pytest.approx(stats.ttest_ind(one, other, equal_var=False).pvalue)
    assert welch(Summary(1, 1, 1, 5), Summary(1, 1, 1, 5)) == 1
    assert welch(Summary(1, 1, 1, 5), Summary(2, 2, 2, 5)) == 0


def test_holms_adjustment_by_hand():
    # .01 * 4, then .02 * 3 = .06, .03 * 2 = .06 and .4 * 1
    assert holm([0.03, 0.01, 0.4, 0.02]) == pytest.approx([0.06, 0.04, 0.4, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_means_of_one_group_each_are_compared_by_welchs_test():
    one, other = Summary(2.0, 1.5, 2.5, 12), Summary(3.0, 2.0, 4.0, 30)
    assert welch_of_means([one], [other]) == pytest.approx(welch(one, other))


def test_equal_constants_are_equal_however_many_there_are():
    same = Summary(0.1, 0.1, 0.1, 5)
    assert sum([0.1] * 3) / 3 != 0.1
    assert welch_of_means([same] * 3, [same]) == 1
    assert welch_of_means([same] * 3, [Summary(0.1000001, 0.1000001, 0.1000001, 5)]) == 0


def test_means_of_groups_means_are_told_apart_five_times_in_a_hundred_where_they_are_equal():
    generator = np.random.default_rng(0)
    ours, theirs = [(0.0, 1.0, 40), (5.0, 2.0, 40)], [(2.0, 3.0, 12), (3.0, 0.5, 12)]  # both means are 2.5
    p = [
        welch_of_means(*([summary(generator.normal(mean, std, n)) for mean, std, n in side] for side in (ours, theirs)))
        for _ in range(400)
    ]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=3 * (0.05 * 0.95 / 400) ** 0.5)
    moved = [(mean + 5, std, n) for mean, std, n in theirs]
    sides = ([summary(generator.normal(mean, std, n)) for mean, std, n in side] for side in (ours, moved))
    assert welch_of_means(*sides) < 0.01


def summary(values):
    return Summary(*mean_interval(values.tolist()), len(values))
