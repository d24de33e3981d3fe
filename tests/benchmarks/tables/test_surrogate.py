"""Surrogates: what they see of a network, and that their arrays answer as the library that fitted them."""

import jax
import numpy as np
import pytest
from scipy import stats
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import BayesianRidge
from sklearn.preprocessing import StandardScaler

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.surrogate.settings import Settings
from benchmarks.experiments.surrogate.table import HeldOut, figures, noise_ceiling, surrogate_rows
from benchmarks.tables import fit as module_of_fit
from benchmarks.tables.design import table_spaces
from benchmarks.tables.features import features, in_layout, places, stages
from benchmarks.tables.fit import fit, relevance, seed_noise
from benchmarks.tables.surrogate import load_surrogate, predict, save_surrogate
from benchmarks.tables.trained import Trained
from hw_model.cost import count_macs
from tasks.registry import make_task
from tasks.spaces.layer import Decision, Layer
from tasks.spaces.space import SearchSpace

SEED_STD = 0.02


def made(networks=60, seeds=1, cells=60, wide=8):
    """Trainings whose quality is a smooth function of few features and the noise of seeds."""
    rng = np.random.default_rng(0)
    own = rng.normal(size=(networks, wide))
    quality = 0.5 + 0.05 * own[:, 0] + 0.03 * np.tanh(own[:, 1] * own[:, 2])
    architecture = np.repeat(np.arange(networks), seeds)
    trained = quality[architecture] + SEED_STD * rng.normal(size=len(architecture))
    counts = np.exp(own[:, 0])[architecture]
    rows = own[architecture].astype(np.float32)
    seed, alone = np.tile(np.arange(seeds), networks), np.zeros(len(rows), bool)
    cell = architecture % cells
    return Trained(rows, trained, architecture, seed, alone, cell, counts, counts, (None,) * len(rows))


def layouts(name):
    spaces = table_spaces(make_task(name))
    return spaces, spaces["uncurated"]


@pytest.mark.parametrize("name", ["classification", "detection", "segmentation"])
def test_a_network_has_the_same_features_in_every_space_that_holds_it(name):
    spaces, layout = layouts(name)
    rng = np.random.default_rng(1)
    for space in spaces.values():
        genotype = rng.integers(0, space.cardinalities).astype(np.int32)
        chosen = space.effective(genotype.tolist())
        same = np.array(layout.encode(chosen), np.int32)
        assert space.decode(genotype.tolist()) == layout.decode(same.tolist())
        ours = features(in_layout(space.lower(genotype), places(space, layout), len(layout.layers)), layout)
        np.testing.assert_allclose(ours, features(layout.lower(same), layout), rtol=1e-6)
        assert np.isfinite(np.asarray(ours)).all()


def test_features_hold_the_macs_of_the_network():
    _, layout = layouts("detection")
    genotype = np.zeros(len(layout.cardinalities), np.int32)
    seen = np.asarray(features(layout.lower(genotype), layout))
    chain = layout.decode(genotype.tolist())
    assert np.log(count_macs(chain)) == pytest.approx(seen[-8], rel=1e-5)
    # eleven of each stage: its first is the number of its blocks, its second the logarithm of its channels
    assert [len(own) for own in stages(layout).values()] == [1, 3, 3, 3, 3]
    of_stages = seen[:-8].reshape(5, 11)
    assert of_stages[0, :2] == pytest.approx([1, np.log(chain[0].out_channels)])
    assert of_stages[:, 0].sum() == len(chain) - 1


def test_a_space_of_another_skeleton_is_refused():
    other = SearchSpace("other", (Decision("size", (8, 16)),), (Layer("ibn_4", "size"),), 32)
    with pytest.raises(BenchmarkInputError, match="space other has a layer 'ibn_4' that the task's skeleton has not"):
        places(other, layouts("detection")[1])


def test_arrays_answer_as_the_library_that_fitted_them():
    data = made()
    found = predict(fit(data), data.features)
    scaled, relevant = StandardScaler().fit_transform(data.features), relevance(data)
    nystroem = Nystroem(gamma=1 / (2 * 8), n_components=60, random_state=0)
    regressors = np.concatenate([scaled / np.sqrt(8), nystroem.fit_transform(scaled * relevant)], axis=1)
    ridge = BayesianRidge().fit(regressors, data.quality)
    quality, std = ridge.predict(regressors, return_std=True)
    np.testing.assert_allclose(found.quality, quality, atol=2e-5)
    linear = np.sqrt(std**2 - 1 / ridge.alpha_)
    misfit = fit(data).misfit
    np.testing.assert_allclose(np.sqrt(found.std**2 - misfit**2), linear, rtol=1e-2)
    compiled = jax.jit(jax.vmap(predict, in_axes=(None, 0)))(fit(data), jax.numpy.asarray(data.features))
    np.testing.assert_allclose(compiled.quality, found.quality, atol=2e-5)


def test_features_that_quality_depends_on_weigh_most_and_all_together_what_they_would_alike():
    found = relevance(made(networks=300))
    assert set(np.argsort(-found)[:3]) == {0, 1, 2}
    assert np.mean(found**2) == pytest.approx(1)


def test_the_noise_between_seeds_is_found_again():
    data = made(networks=400, seeds=3)
    line = seed_noise(data)
    np.testing.assert_allclose(np.exp(line[0] + line[1] * 0.5), SEED_STD, rtol=0.1)
    assert np.isnan(seed_noise(made(seeds=1))).all()


def test_a_seed_trained_alone_and_at_once_is_one_seed():
    data = made(networks=400, seeds=3)
    rng = np.random.default_rng(1)
    # every training once more at once, a little off, in any order
    both = np.tile(np.arange(len(data.quality)), 2)
    twice = data.take(both)._replace(many_at_once=np.repeat([False, True], len(data.quality)))
    mixed = rng.permutation(len(both))
    twice = twice._replace(quality=twice.quality + np.where(twice.many_at_once, 0.001, 0)).take(mixed)
    one = twice.one_a_seed()
    assert len(one.quality) == len(data.quality)
    assert not one.many_at_once.any()
    np.testing.assert_allclose(seed_noise(twice), seed_noise(data), rtol=1e-3)
    assert noise_ceiling(twice) == pytest.approx(noise_ceiling(data), abs=0.005)
    once = HeldOut(rng.normal(data.quality, 0.1), np.full(len(data.quality), 0.1))
    said = HeldOut(np.append(once.quality, once.quality + 9)[mixed], np.tile(once.std, 2)[mixed])
    assert figures(twice, said) == pytest.approx(figures(data, once))


def test_the_error_of_unseen_cells_is_told_by_what_did_not_see_them(monkeypatch):
    data, seen = made(networks=60, seeds=2, cells=20), []
    monkeypatch.setattr(module_of_fit, "relevance", lambda part, seed: seen.append(part.cell) or relevance(part, seed))
    fit(data)
    assert [len(np.unique(cells)) for cells in seen] == [16] * 5 + [20]


def test_the_ceiling_is_what_a_perfect_prediction_reaches():
    data = made(networks=400, seeds=2)
    rng = np.random.default_rng(0)
    truth = 0.5 + 0.05 * data.features[::2, 0] + 0.03 * np.tanh(data.features[::2, 1] * data.features[::2, 2])
    reached = stats.kendalltau(truth, truth + SEED_STD / np.sqrt(2) * rng.normal(size=len(truth))).statistic
    assert noise_ceiling(data) == pytest.approx(reached, abs=0.04)


def test_cross_validation_tells_what_it_held_out_and_covers_as_it_says():
    rows = list(surrogate_rows("toy", made(networks=120, seeds=2, cells=60), Settings(sizes=(30,), repeats=1)))
    ours = {(row["grouped_by"], row["n"]): row for row in rows if row["model"] == "surrogate"}
    assert set(ours) == {("architecture", 30), ("architecture", 120), ("cell", 30), ("cell", 120)}
    assert ours["architecture", 30]["kendall_tau"] < ours["architecture", 120]["kendall_tau"]
    assert ours["architecture", 120]["kendall_tau"] <= ours["architecture", 120]["noise_ceiling_tau"] + 0.02
    assert 0.88 <= ours["cell", 120]["coverage_95"] <= 1
    assert {row["model"] for row in rows} == {"surrogate", "nearest_neighbours", "macs", "params"}


def test_a_surrogate_comes_back_from_its_file_and_a_missing_one_is_named(tmp_path):
    path = tmp_path / "surrogate" / "toy.npz"
    surrogate = fit(made())
    save_surrogate(path, surrogate)
    for there, back in zip(surrogate, load_surrogate(path), strict=True):
        np.testing.assert_array_equal(there, back)
    with pytest.raises(BenchmarkInputError, match=r"none\.npz: no surrogate"):
        load_surrogate(tmp_path / "none.npz")
