"""What a worker sets up."""

import jax
import pytest

from benchmarks.runtime.worker_data import load_worker_data
from tests.benchmarks.noise_pictures import TASK

SETTINGS = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")


@pytest.fixture
def settings():
    before = {name: getattr(jax.config, name) for name in SETTINGS}
    yield before
    for name, value in before.items():
        jax.config.update(name, value)


def test_compilations_are_kept_in_the_home_unless_jax_was_told_of_another_folder(settings, tmp_path):
    jax.config.update(SETTINGS[0], str(tmp_path / "others"))
    load_worker_data(tmp_path, TASK, (), tmp_path / "compilations")
    assert jax.config.jax_compilation_cache_dir == str(tmp_path / "others")
    jax.config.update(SETTINGS[0], None)
    load_worker_data(tmp_path, TASK, (), tmp_path / "compilations")
    assert jax.config.jax_compilation_cache_dir == str(tmp_path / "compilations")
