"""The measure command: resumes, keeps test networks apart and compiles what the estimator doubts."""

import pytest

from benchmarks.commands.measure import measure
from benchmarks.errors import BenchmarkInputError
from hw_model.blocks import Block
from hw_model.cost_models import PRETRAINED, cost_model
from hw_model.errors import HardwareInputError
from hw_model.learned import measuring
from hw_model.learned.dataset import MeasuredChain, load_dataset
from hw_model.learned.fitting import FitSettings, fit, load_estimator
from hw_model.operators import OperatorReport
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.compiler import compile_operators

NAME = "ethos-u55-64"


@pytest.fixture
def compiled(monkeypatch):
    calls = []

    def counted(blocks, accelerator):
        calls.append(blocks)
        return compile_operators(blocks, accelerator)

    monkeypatch.setattr(measuring, "compile_operators", counted)
    return calls


def load(path):
    return load_dataset(path / f"{NAME}.parquet", ETHOS_U[NAME])


def test_a_larger_budget_measures_only_what_is_new(tmp_path, compiled):
    measure((NAME,), budget=4, general=2, test=4, results=tmp_path)
    first = load(tmp_path)
    assert len(first) == len(compiled) == 10
    measure((NAME,), budget=8, general=2, test=4, results=tmp_path)
    assert len(compiled) == 14
    assert load(tmp_path)[:10] == first


def test_an_interrupted_run_keeps_what_it_measured(tmp_path, compiled, monkeypatch):
    def interrupted(blocks, accelerator):
        if len(compiled) == 3:
            raise KeyboardInterrupt
        compiled.append(blocks)
        return compile_operators(blocks, accelerator)

    monkeypatch.setattr(measuring, "compile_operators", interrupted)
    with pytest.raises(KeyboardInterrupt):
        measure((NAME,), budget=4, general=0, test=4, results=tmp_path)
    assert [chain.blocks for chain in load(tmp_path)] == compiled


def test_networks_to_judge_by_are_not_learned_from(tmp_path):
    measure((NAME,), budget=8, general=4, test=8, results=tmp_path)
    chains = load(tmp_path)
    learned = {chain.blocks for chain in chains if chain.set.startswith("train-")}
    tested = {chain.blocks for chain in chains if chain.set.startswith("test-")}
    assert len(learned) == 12
    assert len(tested) == 8
    assert not learned & tested
    assert {chain.set for chain in chains} >= {"train-general", "train-curated-96", "test-uncurated-192"}


def test_parts_are_the_blocks_and_pairs_of_the_networks_to_judge_by(tmp_path):
    measure((NAME,), budget=0, general=0, test=2, parts=True, results=tmp_path)
    networks = [chain.blocks for chain in load(tmp_path)]
    parts = load_dataset(tmp_path / f"{NAME}-parts.parquet", ETHOS_U[NAME])
    assert {p.blocks for p in parts if p.set == "single"} == {(block,) for network in networks for block in network}
    pairs = {network[i : i + 2] for network in networks for i in range(len(network) - 1)}
    assert {part.blocks for part in parts if part.set == "pair"} == pairs


def quick_fit(chains, accelerator):
    return fit(chains, accelerator, FitSettings(hidden=8, members=2, steps=100))


@pytest.mark.slow
def test_refining_adds_the_networks_that_are_doubted_and_fitting_writes_below_the_home(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ACCELNAS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(measuring, "fit", quick_fit)
    shipped = PRETRAINED / f"{NAME}.npz"
    content, before = shipped.read_bytes(), cost_model(NAME).fingerprint
    measure((NAME,), budget=20, general=4, test=0, refine=2, fit=True, results=tmp_path)
    assert [chain.set for chain in load(tmp_path)].count("train-refined") == 2
    fitted = tmp_path / "home" / "estimators" / f"{NAME}.npz"
    assert str(fitted) in capsys.readouterr().out
    # the package stays as it is; what was fitted here is what answers, and keys say so
    assert shipped.read_bytes() == content
    assert cost_model(NAME).fingerprint != before
    fitted.unlink()
    assert cost_model(NAME).fingerprint == before


@pytest.mark.parametrize("count", [189, 190])
def test_a_fit_to_few_networks_says_how_many_its_deviations_can_hold(tmp_path, monkeypatch, capsys, count):
    monkeypatch.setenv("ACCELNAS_HOME", str(tmp_path / "home"))
    network = MeasuredChain("train-curated-96", (Block("conv", 8, 8, 3, 8),), OperatorReport(9, 9, (9,), (9,)))
    monkeypatch.setattr(measuring, "measure_networks", lambda *_: None)
    monkeypatch.setattr(measuring, "load_dataset", lambda *_: [network] * count)
    monkeypatch.setattr(measuring, "fit", lambda *_: load_estimator(PRETRAINED / f"{NAME}.npz", ETHOS_U[NAME]))
    measure((NAME,), budget=count, general=0, test=0, fit=True, results=tmp_path)
    said = "set on 18 networks, a tenth of those to learn from: two hold 94.7% of networks at best"
    assert (said in capsys.readouterr().out) == (count == 189)


@pytest.mark.parametrize("wish", [{"fit": True}, {"refine": 5}])
def test_too_few_networks_to_fit_to_are_refused_before_any_is_measured(tmp_path, compiled, wish):
    with pytest.raises(HardwareInputError, match=rf"--{next(iter(wish))} with 6 networks to .*; allowed: 20 and more"):
        measure((NAME,), budget=4, general=2, test=0, results=tmp_path, **wish)
    assert not compiled


def test_a_home_that_no_estimator_can_be_written_to_is_refused_before_anything_is_measured(
    tmp_path, compiled, monkeypatch
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ACCELNAS_HOME", str(tmp_path / "file"))
    with pytest.raises(BenchmarkInputError, match="estimators' cannot be written to: file is no folder"):
        measure((NAME,), budget=20, general=0, test=0, fit=True, results=tmp_path)
    assert not compiled


def test_nothing_to_measure_is_refused(tmp_path):
    with pytest.raises(HardwareInputError, match="--refine are all 0; allowed: one of 1 and more"):
        measure((NAME,), budget=0, general=0, test=0, results=tmp_path)


def test_bad_input_gets_one_line(tmp_path):
    with pytest.raises(BenchmarkInputError, match="budget is -1; allowed: 0 to 1000000"):
        measure((NAME,), budget=-1, results=tmp_path)
    with pytest.raises(HardwareInputError, match="unknown accelerator 'npu'; allowed: ethos-u55-32"):
        measure(("npu",), results=tmp_path)
    (tmp_path / f"{NAME}.parquet").write_text("no parquet")
    with pytest.raises(HardwareInputError, match="cannot be read"):
        measure((NAME,), budget=1, results=tmp_path)
