"""Calibration finds the accelerator that a data set was made with, and keeps it."""

import jax
import numpy as np
import pytest

from hw_model.errors import HardwareInputError
from hw_model.learned.dataset import MeasuredChain
from hw_model.learned.samples import NETWORK_SETS, sample_networks
from hw_model.npu.calibration import calibrate, load_calibrated, save_calibrated
from hw_model.npu.model import Npu, npu_estimate, operator_cycles
from hw_model.operator_arrays import operator_arrays, operator_places
from hw_model.operators import OperatorReport
from hw_model.vela.accelerators import ETHOS_U
from hw_model.workload import workload_from_chains

U55 = ETHOS_U["ethos-u55-256-sram-only"]
TRUE = Npu(8, 8, 2, 2, 500e6, 0.8, 0.5, 2.0**40, 12.0, 5.0, 700.0, 16.0, 0.0)


def made_with(npu: Npu, networks: list) -> list[MeasuredChain]:
    cycles = np.asarray(operator_cycles(npu, operator_arrays(workload_from_chains(networks))))
    chains = []
    for row, blocks in enumerate(networks):
        # an addition shares its place with the operator before it, and has none of the cycles to itself
        places = operator_places(blocks)
        alone = [0 if place in places[:n] else int(cycles[row][place]) for n, place in enumerate(places)]
        chains.append(MeasuredChain("made", blocks, OperatorReport(sum(alone), 0, tuple(alone), tuple(alone))))
    return chains


def test_the_rates_that_made_a_data_set_are_found_again():
    found = calibrate(made_with(TRUE, sample_networks(1, 40, NETWORK_SETS[0])), U55)
    for name in ("convolution_rate", "depthwise_rate", "sram_bytes_per_cycle", "setup_cycles"):
        assert getattr(found, name) == pytest.approx(getattr(TRUE, name), rel=0.1), name
    unseen = workload_from_chains(sample_networks(2, 20, NETWORK_SETS[1]))
    latency = [jax.jit(npu_estimate)(npu, unseen).cost.latency_ms for npu in (found, TRUE)]
    np.testing.assert_allclose(*latency, rtol=0.05)


def test_calibrated_accelerators_survive_the_round_trip(tmp_path):
    path = tmp_path / "npus.json"
    assert load_calibrated(path) == {}
    save_calibrated(path, {"npu-like": TRUE})
    assert load_calibrated(path)["npu-like"] == pytest.approx(TRUE, rel=1e-5)
    path.write_text('{"npu-like": {"lanes": 8}}')
    with pytest.raises(HardwareInputError, match="cannot be read"):
        load_calibrated(path)
