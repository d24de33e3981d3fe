"""What the estimator is evaluated by: networks of the published sizes, and figures worked out by hand."""

import numpy as np
import pytest

from benchmarks.experiments.estimator.architectures import mnasnet, mobilenet_v1, mobilenet_v2, proxyless_mobile
from benchmarks.experiments.estimator.networks import general_networks
from benchmarks.experiments.estimator.published import published_networks
from benchmarks.experiments.estimator.run import Guess, _by_macs, _figures, _rows, _windows
from hw_model.blocks import Block
from hw_model.cost import count_macs, count_params
from hw_model.learned.dataset import MeasuredChain
from hw_model.operators import OperatorReport
from hw_model.vela.accelerators import ETHOS_U

ACCELERATOR = ETHOS_U["ethos-u55-256"]
CHAIN = (
    Block("conv", 8, 8, 3, 8),
    Block("conv", 8, 8, 8, 8, residual=True),
    Block("conv", 8, 8, 8, 4, kernel=1),
)


def report(cycles, peak):
    return OperatorReport(cycles, peak, (cycles,), (peak,))


def chain(label, cycles, peak):
    return MeasuredChain(label, CHAIN, report(cycles, peak))


@pytest.mark.parametrize(
    ("network", "million_macs", "million_parameters"),
    [
        # arXiv:1704.04861, tables 8 to 10
        (mobilenet_v1(224, 1.0), 569, 4.2),
        (mobilenet_v1(224, 0.5), 149, 1.3),
        # arXiv:1801.04381, table 4, with the parameters of the published checkpoint
        (mobilenet_v2(224, 1.0), 300, 3.47),
        # the checkpoint of arXiv:1807.11626's network without squeeze-and-excitation
        (mnasnet(224, 1.0), 315, 4.38),
        # arXiv:1812.00332's mobile network
        (proxyless_mobile(224, 1.0), 320, 4.08),
    ],
)
def test_published_architectures_have_the_published_size(network, million_macs, million_parameters):
    assert count_macs(network) / 1e6 == pytest.approx(million_macs, rel=0.01)
    assert count_params(network) / 1e6 == pytest.approx(million_parameters, rel=0.025)


def test_families_stand_in_one_half_of_the_general_set_but_for_what_its_page_names():
    half = {network: label[0] for label, network in general_networks()}
    halves = {
        family: {half[network] for network in members.values() if network in half}
        for family, members in published_networks().items()
    }
    assert [family for family, found in halves.items() if len(found) > 1] == ["mobilenet_v2"]
    assert half[mobilenet_v2(224, 1.0)] == "b" != half[mobilenet_v2(96, 0.35, 10)]
    # whose backbone is MobileNetV2's
    assert halves["ssd"] == {"b"}


def test_errors_are_shares_of_what_was_compiled():
    found = _figures(np.array([104.0, 192.0, 300.0, 480.0]), np.array([100.0, 200.0, 300.0, 400.0]), "peak_")
    assert found == {
        "peak_within_5pct": 75,
        "peak_within_10pct": 75,
        "peak_kendall_tau": pytest.approx(1),
        "peak_mape_pct": pytest.approx((4 + 4 + 0 + 20) / 4),
        "peak_bias_pct": pytest.approx((4 - 4 + 0 + 20) / 4),
    }
    assert all(np.isnan(value) for value in _figures(np.array([1.0, np.nan]), np.ones(2), "").values())


def test_a_row_counts_its_set_and_what_two_deviations_hold():
    ms = ACCELERATOR.clock_hz / 1e3
    tested = [chain("space-a", int(2 * ms), 1000), chain("space-b", int(4 * ms), 1000), chain("ds_cnn", int(ms), 500)]
    nothing = np.full(3, np.nan)
    guess = Guess(
        latency_ms=np.array([2.2, 4.2, 1.0]),
        peak_activation_bytes=np.array([1000.0, 1000.0, 500.0]),
        off_chip_bytes=nothing,
        energy_mj=nothing,
        latency_std_ms=np.array([0.05, 0.2, 0.1]),
        peak_std_bytes=np.ones(3),
        outside_share=np.array([0.0, 1.0, 0.0]),
    )
    spaces, own = _rows(ACCELERATOR, "estimator", tested, guess)
    assert (spaces["set"], spaces["n"], own["set"], own["n"]) == ("spaces", 2, "ds_cnn", 1)
    assert spaces["mape_pct"] == pytest.approx((10 + 5) / 2, rel=1e-3)
    assert (spaces["within_2std_pct"], spaces["outside_pct"]) == (50, 50)
    assert (own["within_2std_pct"], own["mape_pct"]) == (100, pytest.approx(0, abs=1e-3))
    assert np.isnan(own["kendall_tau"])


def test_windows_add_up_without_what_they_share():
    known = {CHAIN[:1]: 10, CHAIN[1:2]: 20, CHAIN[2:]: 30, CHAIN[:2]: 28, CHAIN[1:]: 45}
    reports = {blocks: report(cycles, 2 * cycles) for blocks, cycles in known.items()}
    assert _windows(CHAIN, 1, reports) == (10 + 20 + 30, 60)
    assert _windows(CHAIN, 2, reports) == (28 + 45 - 20, 90)
    assert np.isnan(_windows(CHAIN, 3, reports)).all()  # was not compiled
    assert np.isnan(_windows(CHAIN[:1], 2, reports)).all()


def test_macs_guess_by_the_median_of_what_one_takes():
    ms = ACCELERATOR.clock_hz / 1e3
    learned = [chain("train-general", int(each * ms), 1) for each in (1, 2, 30)]
    assert _by_macs(learned, [chain("space-a", 1, 1)], ACCELERATOR).latency_ms == pytest.approx([2], rel=1e-3)
