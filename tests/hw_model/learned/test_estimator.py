"""An estimator fitted to a few of the shipped networks, and evaluated on others that are compiled here."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hw_model.cost import count_macs, count_param_bytes
from hw_model.errors import HardwareInputError
from hw_model.learned.dataset import MeasuredChain, load_dataset, save_dataset
from hw_model.learned.estimator import estimate
from hw_model.learned.fitting import FitSettings, fit, load_estimator, save_estimator
from hw_model.learned.samples import NETWORK_SETS, sample_networks, stage_genotypes, stage_space
from hw_model.operators import chain_operators
from hw_model.tables.lookup import from_model, table_cost, tabulate
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.compiler import compile_blocks, compile_operators
from hw_model.workload import chains_from_workload, workload_from_chains
from tests.hw_model.networks import NETWORKS

pytestmark = pytest.mark.slow  # twenty networks are compiled, eighty learned from
U55, U85 = ETHOS_U["ethos-u55-256"], ETHOS_U["ethos-u85-1024"]
LENGTH = 32
SHIPPED = Path(__file__).parents[3] / "results" / "estimator" / "measured" / "ethos-u55-256.parquet"
jitted = jax.jit(estimate)
QUICK = FitSettings(hidden=32, members=2, steps=600, batch_size=256)


@pytest.fixture(scope="module")
def learned():
    shipped = load_dataset(SHIPPED, U55)
    return [chain for name in ("train-curated-96", "train-curated-192") for chain in of_set(shipped, name)[:40]]


def of_set(chains, name):
    return [chain for chain in chains if chain.set == name]


@pytest.fixture(scope="module")
def fitted(learned):
    return fit(learned, U55, QUICK)


@pytest.mark.parametrize("accelerator", [U55, U85, ETHOS_U["ethos-u65-512-sram-only"]], ids=lambda a: a.name)
@pytest.mark.parametrize("network", [*NETWORKS])
def test_operators_add_up_to_the_network(network, accelerator):
    blocks = NETWORKS[network]
    (whole, report), alone = compile_operators(blocks, accelerator), compile_blocks(blocks, accelerator)
    assert whole == alone
    assert sum(report.operator_cycles) == report.cycles == whole.cycles
    assert report.peak_activation_bytes == whole.peak_activation_bytes
    assert max(report.operator_sram_bytes) == pytest.approx(report.peak_activation_bytes, rel=0.1)
    assert len(report.operator_cycles) == len(chain_operators(blocks))


def test_unseen_networks_are_within_ten_percent_after_a_few_seconds_of_fitting(fitted):
    networks = [network for s in NETWORK_SETS[:2] for network in sample_networks(2, 10, s)]
    unseen = [MeasuredChain("few", network, compile_operators(network, U55)[1]) for network in networks]
    found = jitted(fitted, workload_from_chains([chain.blocks for chain in unseen], LENGTH))
    true_ms = np.array([chain.report.cycles for chain in unseen]) / U55.clock_hz * 1e3
    error = np.abs(np.asarray(found.cost.latency_ms) / true_ms - 1)
    assert np.mean(error < 0.1) >= 0.95
    macs = np.array([count_macs(chain.blocks) for chain in unseen], float)
    assert error.mean() < 0.2 * np.abs(macs / macs.mean() / (true_ms / true_ms.mean()) - 1).mean()
    true_peak = np.array([chain.report.peak_activation_bytes for chain in unseen])
    assert np.mean(np.abs(np.asarray(found.cost.peak_activation_bytes) / true_peak - 1) < 0.1) >= 0.8
    # 20 networks: two standard deviations of its own cover most, and are not just enormous
    deviations = np.abs(np.asarray(found.cost.latency_ms) - true_ms) / np.asarray(found.latency_std_ms)
    assert np.mean(deviations < 2) >= 0.7
    assert np.median(np.asarray(found.latency_std_ms) / true_ms) < 0.1


def test_one_and_many_and_permuted_agree(fitted):
    chains = [*NETWORKS.values()]
    many = jitted(fitted, workload_from_chains(chains, LENGTH))
    turned = jitted(fitted, workload_from_chains(chains[::-1], LENGTH))
    for row, chain in enumerate(chains):
        single = jitted(fitted, workload_from_chains([chain], LENGTH))
        for one, all_, other in zip(*map(jax.tree.leaves, (single, many, turned)), strict=True):
            np.testing.assert_allclose(one[0], all_[row], rtol=2e-4)
            np.testing.assert_allclose(other[len(chains) - 1 - row], all_[row], rtol=2e-4)


def test_places_without_a_block_cost_nothing_and_do_not_part_neighbours(fitted):
    chains = [*NETWORKS.values()]
    packed = workload_from_chains(chains, LENGTH)
    gappy = jax.tree.map(lambda column: np.repeat(column, 2, axis=1), packed)
    gappy = gappy._replace(mask=gappy.mask & (np.arange(2 * LENGTH) % 2 == 1))
    assert chains_from_workload(gappy) == chains
    expected, found = jitted(fitted, packed), jitted(fitted, gappy)
    for one, other in zip(expected.cost, found.cost, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
    np.testing.assert_allclose(found.block_latency_ms[:, :LENGTH], expected.block_latency_ms, rtol=1e-4)
    assert not found.block_latency_ms[:, LENGTH:].any()


def test_totals_are_those_of_the_blocks(fitted):
    chains = [*NETWORKS.values()]
    found = jitted(fitted, workload_from_chains(chains, LENGTH))
    np.testing.assert_allclose(found.block_latency_ms.sum(-1), found.cost.latency_ms, rtol=1e-5)
    np.testing.assert_allclose(found.block_sram_bytes.max(-1), found.cost.peak_activation_bytes, rtol=1e-5)
    assert found.cost.param_bytes.tolist() == [count_param_bytes(chain) for chain in chains]
    np.testing.assert_allclose(found.cost.macs, [count_macs(chain) for chain in chains], rtol=1e-6)


def test_tables_of_the_estimator_give_what_it_gives_for_whole_networks(fitted):
    places = stage_space(64)
    tables = tabulate(places, from_model(lambda work: estimate(fitted, work), 12))
    genotypes = stage_genotypes(np.random.default_rng(0), 50)
    chains = [sum((places[p][option] for p, option in enumerate(row)), ()) for row in genotypes]
    direct = jitted(fitted, workload_from_chains(chains, 12)).cost
    found = table_cost(tables, jnp.asarray(genotypes))
    # an operator sees the one before and the one behind, and each segment inside has two and more: nothing is lost
    np.testing.assert_allclose(found.latency_ms, direct.latency_ms, rtol=1e-4)
    np.testing.assert_allclose(found.peak_activation_bytes, direct.peak_activation_bytes, rtol=0.1)
    np.testing.assert_allclose(found.param_bytes, direct.param_bytes, rtol=1e-6)


def test_latency_has_a_gradient_in_the_channels(fitted):
    work = jax.device_put(workload_from_chains([NETWORKS["small"]], LENGTH))

    def latency(channels):
        return estimate(fitted, work._replace(out_channels=channels)).cost.latency_ms.sum()

    slope = jax.jit(jax.grad(latency))(work.out_channels.astype(jnp.float32))
    assert jnp.isfinite(slope).all()
    assert (slope[0, :6] != 0).all()
    assert not slope[0, 7:].any()


def test_fitting_again_gives_the_same_and_a_file_keeps_it(learned, fitted, tmp_path):
    again = fit(learned, U55, QUICK)
    jax.tree.map(np.testing.assert_array_equal, again, fitted)
    save_estimator(tmp_path / "estimator.npz", fitted, U55)
    loaded = load_estimator(tmp_path / "estimator.npz", U55)
    work = workload_from_chains([*NETWORKS.values()], LENGTH)
    # weights are kept in half precision
    expected, found = jitted(fitted, work).cost.latency_ms, jitted(loaded, work).cost.latency_ms
    np.testing.assert_allclose(found, expected, rtol=5e-3)


def test_an_estimator_that_is_missing_damaged_or_of_another_accelerator_is_refused(fitted, tmp_path):
    path = tmp_path / "estimator.npz"
    with pytest.raises(HardwareInputError, match="no estimator for ethos-u55-256"):
        load_estimator(path, U55)
    save_estimator(path, fitted, U55)
    with pytest.raises(HardwareInputError, match=r"is of ethos-u55-256\|.* not of ethos-u85-1024\|"):
        load_estimator(path, U85)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(HardwareInputError, match="cannot be read"):
        load_estimator(path, U55)


def test_a_data_set_survives_the_round_trip_and_is_refused_where_it_does_not_belong(learned, tmp_path):
    path = tmp_path / "set.parquet"
    save_dataset(path, learned, U55)
    assert load_dataset(path, U55) == learned
    with pytest.raises(HardwareInputError, match=r"was measured with accelerator ethos-u55-256.* where .*ethos-u85"):
        load_dataset(path, U85)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(HardwareInputError, match="cannot be read"):
        load_dataset(path, U55)


def test_too_little_to_learn_from_is_refused(learned):
    with pytest.raises(HardwareInputError, match="3 measured networks to learn from; allowed: 20 and more"):
        fit(learned[:3], U55)
