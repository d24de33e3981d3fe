"""The process of the Gaussian process strategy, against scikit-learn's and by what its fit is for."""

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Kernel

from nas_algos.strategies.additive_process import Prior, posterior

PRIOR = Prior(together=0.3, noise=0.05, scale=1.5)
GENOTYPES = np.indices((3, 2, 4)).reshape(3, -1).T.astype(np.int32)


class Additive(Kernel):
    """The prior's covariance, written again for scikit-learn."""

    def __init__(self):
        pass

    def __call__(self, X, Y=None, eval_gradient=False):
        same = X[:, None] == (X if Y is None else Y)[None]
        return 0.7 * same.mean(2) + 0.3 * np.exp(-1.5 * (1 - same.mean(2)))

    def diag(self, X):
        return np.ones(len(X))

    def is_stationary(self):
        return False


def fitted(targets, rows, steps=6, asked=GENOTYPES):
    known = jnp.zeros(len(GENOTYPES), bool).at[jnp.array(rows)].set(True)
    targets = jnp.zeros((len(GENOTYPES), 1)).at[jnp.array(rows), 0].set(jnp.asarray(targets))
    mean, deviation = posterior(PRIOR, steps, jnp.asarray(GENOTYPES), targets, known[:, None], jnp.asarray(asked))
    return np.asarray(mean[:, 0]), np.asarray(deviation[:, 0])


def test_without_steps_the_posterior_is_that_of_scikit_learn():
    rows, targets = [0, 5, 7, 12, 20, 23], np.array([0.3, -1.2, 0.5, 2.0, -0.7, 0.1])
    theirs = GaussianProcessRegressor(Additive(), alpha=0.05, optimizer=None).fit(GENOTYPES[rows], targets)
    mean, deviation = theirs.predict(GENOTYPES, return_std=True)
    ours = fitted(targets, rows, steps=0)
    np.testing.assert_allclose(ours[0], mean, atol=1e-5)
    np.testing.assert_allclose(ours[1], deviation, atol=1e-5)


@pytest.mark.parametrize("decision", range(3))
def test_the_fit_finds_the_decision_that_matters(decision):
    rows = np.random.default_rng(0).permutation(len(GENOTYPES))[:12]
    truth = np.array([-1.0, 1.0, 0.2, -0.4])[GENOTYPES[:, decision]]
    others = np.setdiff1d(np.arange(len(GENOTYPES)), rows)
    misses = [np.abs(fitted(truth[rows], rows, steps)[0] - truth)[others].mean() for steps in (0, 6)]
    assert misses[1] < 0.6 * misses[0]


def test_what_is_the_same_everywhere_is_expected_everywhere():
    mean, deviation = fitted([-0.5] * 3, [1, 2, 3])
    assert (mean == -0.5).all()
    assert (deviation < 0.01).all()
