"""Which model answers for an accelerator, and what tells it from others."""

from pathlib import Path

import numpy as np
import pytest

from hw_model import cost_models
from hw_model.blocks import Block
from hw_model.cost_models import PRETRAINED, accelerator_names, cost_model, fitted_folder
from hw_model.errors import HardwareInputError
from hw_model.learned.fitting import load_estimator, save_estimator
from hw_model.vela.accelerators import ETHOS_U
from hw_model.workload import workload_from_chains

NAME = "ethos-u55-64"


def test_an_estimator_fitted_here_answers_before_the_one_that_ships_and_has_another_fingerprint(tmp_path, monkeypatch):
    monkeypatch.setenv("ACCELNAS_HOME", str(tmp_path / "home"))
    shipped = cost_model(NAME).fingerprint
    estimator = load_estimator(PRETRAINED / f"{NAME}.npz", ETHOS_U[NAME])
    fitted = fitted_folder() / f"{NAME}.npz"
    assert tmp_path in fitted.parents
    save_estimator(fitted, estimator._replace(clock_hz=estimator.clock_hz * 2), ETHOS_U[NAME])
    assert cost_model(NAME).fingerprint != shipped
    fitted.unlink()
    assert cost_model(NAME).fingerprint == shipped


def test_costs_are_finite_positive_and_larger_for_larger_networks_on_every_accelerator(tmp_path, monkeypatch):
    monkeypatch.setenv("ACCELNAS_HOME", str(tmp_path))  # what was fitted on the machine at hand is not ours to judge
    chains = [chain(pixels, channels) for pixels, channels in ((16, 8), (32, 16), (64, 32))]
    for name in accelerator_names():
        cost = cost_model(name).estimate(workload_from_chains(chains)).cost
        for values in map(np.asarray, cost[:4]):  # latency, SRAM, parameters, multiply-accumulates
            assert np.isfinite(values).all()
            assert values[0] > 0
            assert (np.diff(values) > 0).all(), name


def chain(pixels, channels):
    return (
        Block("conv", pixels, pixels, 3, channels, stride=2),
        Block("ibn", pixels // 2, pixels // 2, channels, channels, expansion=4, residual=True),
        Block("conv", pixels // 2, pixels // 2, channels, channels, 1),
    )


def test_a_name_that_is_too_long_for_a_file_is_unknown_like_others():
    with pytest.raises(HardwareInputError, match="unknown accelerator 'aaaa"):
        cost_model("a" * 300)


def test_an_empty_variable_is_none_and_a_device_that_was_not_timed_is_missed_where_it_would_be_fitted(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("ACCELNAS_HOME", "")
    assert fitted_folder() == Path(".accelnas/estimators")
    monkeypatch.setenv("ACCELNAS_HOME", str(tmp_path))
    with pytest.raises(HardwareInputError, match=f"no estimator for device-.* at {fitted_folder()}/device-"):
        cost_model("this-device")


def test_every_accelerator_has_a_fingerprint_of_its_own_that_goes_with_the_compiler(monkeypatch):
    found = [cost_model(name).fingerprint for name in accelerator_names() if not name.startswith("device-")]
    assert len(set(found)) == len(found)
    monkeypatch.setattr(cost_models, "COMPILER_VERSION", "0.0")
    assert cost_model(NAME).fingerprint not in found
    with pytest.raises(HardwareInputError, match="unknown accelerator 'npu-p3'; allowed: ethos"):
        cost_model("npu-p3")
