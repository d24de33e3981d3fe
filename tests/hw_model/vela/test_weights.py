"""What weights are drawn from: the default, shares of zeros, files."""

import numpy as np
import pytest

from hw_model.errors import HardwareInputError
from hw_model.vela.tflite_writer import NORMAL_STEPS, write_tflite
from hw_model.vela.weights import DEFAULT, weight_values
from tests.hw_model.networks import SMALL


def values(*words):
    return weight_values(words, lambda steps: pytest.fail("compiled"))


def test_the_default_is_what_is_drawn_where_nothing_is_said():
    assert values() is DEFAULT
    assert write_tflite(SMALL) == write_tflite(SMALL, NORMAL_STEPS) == write_tflite(SMALL, values().steps)


def test_that_share_of_sparse_weights_is_zero():
    for share in (0.0, 0.25, 1.0):
        # a few of the normal's are rounded to zero as well
        assert share <= np.mean(values("sparse", str(share)).steps == 0) <= share + 0.02


def test_a_file_gives_its_own_distribution(tmp_path):
    weights = np.random.default_rng(0).choice([-100, 3, 4], (64, 32), p=[0.25, 0.25, 0.5]).astype(np.int8)
    np.save(tmp_path / "w.npy", weights)
    np.savez(tmp_path / "w.npz", a=weights.astype(np.float32) / 7, bias=np.arange(9.0))
    (tmp_path / "net.tflite").write_bytes(write_tflite(SMALL))
    steps = values(str(tmp_path / "w.npy")).steps
    assert [round(np.mean(steps == value), 2) for value in (-100, 3, 4)] == pytest.approx([0.25, 0.25, 0.5], abs=0.03)
    # floats are quantised by the largest, and what has one axis is no weight
    assert set(values(str(tmp_path / "w.npz")).steps.tolist()) == {-127, 4, 5}
    own = values(str(tmp_path / "net.tflite"))
    assert np.abs(own.steps.astype(int) - NORMAL_STEPS).max() <= 2
    assert "of net.tflite" in own.words


@pytest.mark.parametrize("dtype", ["complex128", "datetime64[s]", "bool", "U4"])
def test_arrays_that_are_no_real_numbers_are_no_weights(tmp_path, dtype):
    np.save(tmp_path / "w.npy", np.arange(400).reshape(20, 20).astype(dtype))
    with pytest.raises(HardwareInputError, match=r"an array of the weights is of dtype\(.*; allowed: real numbers"):
        values(str(tmp_path / "w.npy"))


@pytest.mark.parametrize("scale", [5e-324, 1e-310, 1e307])
def test_the_least_and_the_largest_floats_are_weights_like_others(tmp_path, scale):
    numbers = np.tile([-8.0, 2.0, 4.0, 8.0], (20, 20))
    np.save(tmp_path / "w.npy", numbers * scale)
    np.save(tmp_path / "plain.npy", numbers)
    assert values(str(tmp_path / "w.npy")).steps.tolist() == values(str(tmp_path / "plain.npy")).steps.tolist()


def test_a_ratio_is_met_by_a_spread_or_refused_with_what_can_be_met():
    def stored(steps):  # bits of the entropy of a discrete normal, about
        return min(1.0, 0.13 * np.log2(np.std(steps.astype(float)) + 1) + 0.05)

    found = weight_values(("ratio", "0.5"), stored)
    assert stored(found.steps) == pytest.approx(0.5, rel=0.1)
    with pytest.raises(HardwareInputError, match="this network's are stored in"):
        weight_values(("ratio", "1.2"), stored)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("ratio",), "weights are 'ratio', and there is no such file; allowed: a file, ratio R, sparse P"),
        (("sparse",), "weights are 'sparse', and there is no such file; allowed: a file, ratio R, sparse P"),
        (("unifrom",), "weights are 'unifrom', and there is no such file; allowed: .* uniform, .* range"),
        (("range", "x"), "weights are 'range x'; allowed: .* range"),
        (("x" * 5000,), "no such file; allowed: "),
        (("ratio", "x"), "ratio 'x'; allowed: numbers from 0.15 to 1.2"),
        (("sparse", "nan"), "allowed: numbers from 0 to 1"),
        (("a", "b", "c"), "allowed: a file, ratio R, sparse P, uniform, or on the command line range"),
        (("nowhere.npy",), "weights are 'nowhere.npy', and there is no such file"),
    ],
)
def test_other_words_are_named(words, line):
    with pytest.raises(HardwareInputError, match=line):
        values(*words)
