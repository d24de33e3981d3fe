"""A surrogate at run time: arrays that answer for the quality of any network of a task, inside jit and vmap.

Quality is a linear function of a network's features and of its similarity to some of the trained networks (Nystroem's
approximation of a Gaussian process, Williams and Seeger, NIPS 2000); weights have the posterior of Bayesian ridge
regression (MacKay 1992).  `benchmarks.tables.fit` fits it.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from benchmarks.errors import BenchmarkInputError
from hw_model.files import write_whole


class Surrogate(NamedTuple):
    """Arrays of a fit over F features and M similar networks."""

    shift: Any
    """float32 [F]: taken off the features."""
    scale: Any
    """float32 [F]: by which they are multiplied then; 0 for those that all trained networks share."""
    relevance: Any
    """float32 [F]: by which scaled features are multiplied where networks are compared."""
    similar: Any
    """float32 [M, F]: features, scaled and multiplied by that, of the networks that others are compared with."""
    gamma: Any
    """float32: similarity is exp(-gamma times the squared distance)."""
    linear: Any
    """float32 [F]: weights of the features."""
    kernel: Any
    """float32 [M]: weights of the similarities."""
    intercept: Any
    """float32: quality where all else is zero."""
    uncertain: Any
    """float32 [F + M, K]: the variance of the expected quality is the squared norm of features and similarities times
    this, less `certain`."""
    certain: Any
    """float32 [K]."""
    misfit: Any
    """float32: standard deviation of what networks of equal features differ in."""
    noise: Any
    """float32 [2]: log of the standard deviation between seeds at quality 0, and its change with quality."""


class Predicted(NamedTuple):
    """What a surrogate says of networks, each [...]."""

    quality: Any
    """Expected over seeds."""
    std: Any
    """Standard deviation of the error of that."""
    seed_std: Any
    """Standard deviation between trainings that differ in their seed alone."""


def predict(surrogate: Surrogate, features: Any) -> Predicted:
    """Of networks by their features [..., F]; traceable, and NumPy in, NumPy out."""
    xp = np if isinstance(features, np.ndarray) else jnp
    scaled = (features - surrogate.shift) * surrogate.scale
    similar = xp.asarray(surrogate.similar)
    compared = scaled * surrogate.relevance
    squares = (compared**2).sum(-1)[..., None] + (similar**2).sum(-1) - 2 * compared @ similar.T
    similarity = xp.exp(-surrogate.gamma * squares)
    quality = scaled @ surrogate.linear + similarity @ surrogate.kernel + surrogate.intercept
    spread = xp.concatenate([scaled, similarity], axis=-1) @ surrogate.uncertain - surrogate.certain
    std = xp.sqrt((spread**2).sum(-1) + surrogate.misfit**2)
    return Predicted(quality, std, xp.exp(surrogate.noise[0] + surrogate.noise[1] * quality))


def save_surrogate(path: Path, surrogate: Surrogate) -> None:
    """Write the arrays as .npz."""
    content = io.BytesIO()
    arrays: dict[str, Any] = {name: np.asarray(value, np.float32) for name, value in surrogate._asdict().items()}
    np.savez_compressed(content, **arrays)
    write_whole(path, content.getvalue())


def load_surrogate(path: Path) -> Surrogate:
    """Read the arrays.  Raises BenchmarkInputError where there is no such file, or it lacks an array."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:  # numpy leaves its own open
            return Surrogate(**{name: file[name] for name in Surrogate._fields})
    except (OSError, ValueError, KeyError) as error:
        raise BenchmarkInputError(
            f"{path}: no surrogate ({str(error)[:80]}); `accelnas table fit` writes one"
        ) from error
