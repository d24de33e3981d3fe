import jax
import pytest


@pytest.fixture(autouse=True)
def strict_jax():
    """Shapes and dtypes that JAX would silently promote are errors here."""
    with jax.numpy_rank_promotion("raise"), jax.numpy_dtype_promotion("strict"):
        yield
