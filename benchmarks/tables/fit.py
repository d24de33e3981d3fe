"""Fit a task's surrogate to its trained table: scikit-learn finds the weights, `tables.surrogate` uses them.

Bayesian ridge regression over the features and Nystroem's features of a Gaussian kernel, a sparse Gaussian process that
is fitted in a tenth of a second.  In the kernel, features weigh as much as gradient-boosted trees of the same trainings
make of them.  results/surrogate/surrogate.csv has it beside neighbours and counts.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy.optimize import minimize
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import BayesianRidge
from threadpoolctl import threadpool_limits

from benchmarks.tables.surrogate import Surrogate, predict
from benchmarks.tables.trained import Trained

# networks that others are compared with, if so many are trained
SIMILAR = 200
# a spread between seeds is estimated from at least so many trainings beyond the first of each network
REPEATS = 10
# into which cells are divided to estimate the error of unseen ones
INNER_FOLDS = 5
# the trees that say which features matter; many shallow ones of parts of the data, as Friedman (2002)
_trees = partial(
    GradientBoostingRegressor, n_estimators=60, learning_rate=0.1, max_depth=3, subsample=0.5, max_features=0.3
)
# a feature that no tree uses still weighs a little
LEAST_IMPORTANCE = 1e-4
# features of a smaller standard deviation are the same in all networks but for rounding
CONSTANT = 1e-5


def fit(data: Trained, seed: int = 0) -> Surrogate:
    """The surrogate of trainings.

    What networks of equal features differ in is estimated from cells that are held out in turn, so that the error it
    gives is that of networks unlike any trained one.  seed: of the choice of networks that others are compared with.
    """
    fold = np.random.default_rng(seed).permutation(data.cell.max() + 1)[data.cell] % INNER_FOLDS
    excess = []
    for number in range(INNER_FOLDS):
        held = fold == number
        if held.any() and not held.all():
            found = predict(_fitted(data.take(~held), 0.0, seed), data.features[held])
            error = np.asarray(found.quality, np.float64) - data.quality[held]
            excess.append(error**2 - np.asarray(found.std) ** 2 - np.nan_to_num(np.asarray(found.seed_std)) ** 2)
    misfit = math.sqrt(max(float(np.concatenate(excess).mean()), 0.0)) if excess else 0.0
    return _fitted(data, misfit, seed)


# matrices are small: threads cost more than they save, and far more where cores are busy
@threadpool_limits.wrap(limits=1, user_api="blas")
def _fitted(data: Trained, misfit: float, seed: int) -> Surrogate:
    """The weights, for what is known of the errors of unseen cells."""
    relevant, features, quality, architecture = relevance(data, seed), data.features, data.quality, data.architecture
    shift, std = features.mean(0, np.float64), features.std(0, np.float64)
    # a feature that all networks share has no weight, and must not make a network strange that has another
    active = std > CONSTANT
    scale = np.where(active, 1 / np.where(active, std, 1.0), 0.0)
    scaled = (features - shift) * scale
    gamma = 1 / (2 * active.sum())
    different = np.unique(architecture, return_index=True)[1]
    nystroem = Nystroem(gamma=gamma, n_components=min(SIMILAR, len(different)), random_state=seed)
    nystroem.fit((scaled * relevant)[different])
    ridge = BayesianRidge().fit(_regressors(scaled, relevant, nystroem), quality)
    # from regressors to weights of features and similarities
    count, similar = scaled.shape[1], len(nystroem.components_)
    turn = np.zeros((count + similar, count + similar))
    turn[:count, :count] = np.eye(count) / np.sqrt(count)
    turn[count:, count:] = nystroem.normalization_.T
    weights = turn @ ridge.coef_
    values, vectors = np.linalg.eigh(ridge.sigma_)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    arrays = Surrogate(
        shift=shift,
        scale=scale,
        relevance=relevant,
        similar=nystroem.components_,
        gamma=gamma,
        linear=weights[:count],
        kernel=weights[count:],
        intercept=ridge.intercept_,
        uncertain=turn @ root,
        certain=ridge.X_offset_ @ root,
        misfit=misfit,
        noise=seed_noise(data),
    )
    return Surrogate(*(np.asarray(value, np.float32) for value in arrays))


def relevance(data: Trained, seed: int = 0) -> np.ndarray:
    """How much each feature weighs where networks are compared, float64 [F], of mean square 1 over those that vary.

    The square root of the feature's importance in gradient-boosted trees: its weight in the squared distance is then
    that importance.
    """
    active = data.features.std(0, np.float64) > CONSTANT
    trees = _trees(random_state=seed)
    trees.fit(data.features[:, active], data.quality)
    weights = np.sqrt(np.maximum(trees.feature_importances_, LEAST_IMPORTANCE))
    found = np.zeros(len(active))
    found[active] = weights / np.sqrt(np.mean(weights**2))
    return found


def _regressors(scaled: np.ndarray, relevant: np.ndarray, nystroem: Nystroem) -> np.ndarray:
    """Features as heavy as all similarities together, and similarities: [n, F + M]."""
    return np.concatenate([scaled / np.sqrt(scaled.shape[1]), nystroem.transform(scaled * relevant)], axis=1)


def seed_noise(data: Trained) -> np.ndarray:
    """Log of the standard deviation between seeds at quality 0, and its change with quality, [2].

    Most likely for the trainings of networks that were trained with more than one seed, each around its own mean; NaN
    where they are fewer than REPEATS beyond the first of each.
    """
    quality, architecture = (own := data.one_a_seed()).quality, own.architecture
    _, number, count = np.unique(architecture, return_inverse=True, return_counts=True)
    mean = np.bincount(number, quality) / count
    squares = np.bincount(number, (quality - mean[number]) ** 2)
    repeated = count > 1
    mean, squares, freedom = mean[repeated], squares[repeated], count[repeated] - 1
    if freedom.sum() < REPEATS:
        return np.full(2, np.nan)
    centre = np.average(mean, weights=freedom)

    def cost(line: np.ndarray) -> float:
        log_std = line[0] + line[1] * (mean - centre)
        return float((freedom * log_std + squares * np.exp(-2 * log_std) / 2).sum())

    start = np.array([0.5 * np.log(squares.sum() / freedom.sum()), 0.0])
    line = minimize(cost, start).x
    return np.array([line[0] - line[1] * centre, line[1]])


def less_noise(seen: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Expected qualities as widely spread as these must be [n], of what was seen of them with a noise of std [n]."""
    spread = np.sqrt(max(1 - np.mean(noise**2) / np.var(seen), 0.0))
    return seen.mean() + (seen - seen.mean()) * spread
