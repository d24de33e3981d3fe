"""The cost command: its JSON, its tables and what it says to bad input."""

import json
from pathlib import Path

import jax
import pytest
from jax.core import Tracer

from benchmarks.commands.cost import cost
from hw_model import predict as prediction
from hw_model.errors import HardwareInputError
from hw_model.network_file import EXAMPLES, load_network
from hw_model.predict import PRETRAINED, accelerator_names, cost_model, predict
from hw_model.vela import compiler
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.compiler import compile_blocks
from hw_model.workload import workload_from_chains
from tests.hw_model.networks import SMALL
from tests.hw_model.tflite_graphs import with_cpu_operators

SHIPPED = sorted(path.stem for path in PRETRAINED.glob("ethos-*.npz"))
TOTALS = ("latency_ms", "peak_activation_bytes", "param_bytes", "macs", "energy_mj", "off_chip_bytes")
JUDGEMENT = ("latency_std_ms", "peak_std_bytes", "extrapolated", "outside_fit", "weights", "weight_compression")
PARTS = {"block", "kind", "latency_ms", "sram_bytes", "param_bytes", "macs"}


def answer(capsys, *args, **options):
    cost(*args, **options, json=True)
    return json.loads(capsys.readouterr().out)


def test_json_has_the_documented_form_and_totals_are_those_of_the_blocks(capsys):
    names = ("npu-p16", "npu-p32", *SHIPPED[:1])
    found = answer(capsys, EXAMPLES / "ds_cnn.json", names)
    assert found["format"] == 1
    assert found["network"] == "DS-CNN for keyword spotting"
    assert [result["accelerator"] for result in found["results"]] == [*names]
    for result in found["results"]:
        assert {*TOTALS, *JUDGEMENT, "accelerator", "method", "blocks"} == result.keys()
        assert result["method"] == ("estimator" if result["accelerator"] in ETHOS_U else "analytic")
        assert all(part.keys() == PARTS for part in result["blocks"])
        for name in ("latency_ms", "param_bytes", "macs"):
            assert sum(part[name] for part in result["blocks"]) == pytest.approx(result[name], rel=1e-5)
        assert max(part["sram_bytes"] for part in result["blocks"]) == pytest.approx(result["peak_activation_bytes"])


def test_compile_gives_what_the_compiler_says(capsys):
    found = answer(capsys, Path("ds_cnn"), ("ethos-u65-256",), compile=True)["results"][0]
    measured = compile_blocks(load_network(EXAMPLES / "ds_cnn.json").blocks, ETHOS_U["ethos-u65-256"])
    assert found["method"] == "compiler"
    assert found["latency_ms"] == measured.latency_ms
    assert found["peak_activation_bytes"] == measured.peak_activation_bytes
    assert sum(part["latency_ms"] for part in found["blocks"]) == pytest.approx(measured.latency_ms)


def test_what_the_figures_rest_on_stands_beside_them(capsys):
    compiled = answer(capsys, Path("ds_cnn"), ("ethos-u65-256",), compile=True)["results"][0]
    # not ± 0: a compiler is exact about a model, and about weights that are drawn
    assert compiled["latency_std_ms"] is None
    assert "normal, standard deviation 32" in compiled["weights"]
    assert 0.8 < compiled["weight_compression"] < 1.1
    estimated = answer(capsys, Path("ds_cnn"), ("ethos-u65-256",))["results"][0]
    assert estimated["weights"] == compiled["weights"]
    assert not estimated["extrapolated"]
    cost(Path("ds_cnn"), ("ethos-u65-256",), compile=True)
    assert "of their bytes" in capsys.readouterr().out
    cost(Path("ds_cnn"), ("npu-p32",))
    assert "Weights: not compressed." in capsys.readouterr().out


def test_a_network_beyond_the_fit_gets_a_warning_and_a_field(capsys, tmp_path):
    file = tmp_path / "enormous.json"
    file.write_text('{"input": [4096, 4096, 3], "blocks": [{"kind": "conv", "channels": 8192, "repeat": 2}]}')
    assert answer(capsys, file, ("ethos-u55-256",))["results"][0]["extrapolated"]
    cost(file, ("ethos-u55-256",))
    assert "Warning: extrapolated" in capsys.readouterr().out


def test_compile_runs_the_compiler_once(monkeypatch):
    runs, compile = [], compiler.regor.compile
    monkeypatch.setattr(compiler.regor, "compile", lambda *args, **options: runs.append(1) or compile(*args, **options))
    predict(SMALL, "ethos-u65-256", "compile")
    assert len(runs) == 1


@pytest.mark.parametrize("name", ["ethos-u55-32", "npu-ethos-u55-32"])
def test_a_second_estimate_reads_no_file(name, monkeypatch):
    first = predict(SMALL, name)
    monkeypatch.setattr(Path, "open", lambda *_, **__: pytest.fail("a file is opened"))
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: pytest.fail("a file is read"))
    assert predict(SMALL, name) == first


def test_an_estimator_first_asked_for_while_tracing_is_kept_as_values():
    prediction._estimator_in.cache_clear()
    workload = workload_from_chains([SMALL], 32)
    jax.jit(lambda work: cost_model("ethos-u55-64").estimate(work).cost.latency_ms)(workload)
    assert not any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(cost_model("ethos-u55-64")))
    predict(SMALL, "ethos-u55-64")


def test_the_table_shows_every_block(capsys):
    cost(Path("ds_cnn"), ("npu-p64",))
    printed = capsys.readouterr().out
    assert printed.count("depthwise") == 4
    assert "npu-p64" in printed


def test_bad_input_gets_one_line_that_says_what_is_allowed():
    with pytest.raises(HardwareInputError, match=r"no network file nothing; allowed: .*ds_cnn"):
        cost(Path("nothing"))
    blocks = load_network(EXAMPLES / "ds_cnn.json").blocks
    with pytest.raises(HardwareInputError, match=r"unknown accelerator 'tpu'; allowed: ethos-u55-32, .*npu-p16"):
        predict(blocks, "tpu")
    with pytest.raises(HardwareInputError, match="no compiler for npu-p32"):
        predict(blocks, "npu-p32", "compile")


def test_every_shipped_estimator_answers():
    blocks = load_network(EXAMPLES / "mobilenet_v2_050.json").blocks
    for name in SHIPPED:
        prediction = predict(blocks, name)
        assert prediction.cost.latency_ms > 0
        assert prediction.latency_std_ms is not None
        assert prediction.latency_std_ms > 0
    assert set(SHIPPED) <= set(accelerator_names())


def test_a_tflite_file_is_compiled_as_it_is_and_its_operators_listed(capsys, tmp_path):
    file = tmp_path / "person[red].tflite"
    file.write_bytes(with_cpu_operators())
    result = answer(capsys, file, ("ethos-u55-128",))["results"][0]
    assert result["method"] == "compiler"
    assert result["weights"] == "the file's own"
    assert result["cpu_operators"] == {"Floor": 2}
    assert [part["kind"] for part in result["operators"]] == ["Conv2D", "Floor", "Floor", "Conv2D"]
    assert sum(part["latency_ms"] for part in result["operators"]) == pytest.approx(result["latency_ms"])
    cost(file)
    printed = capsys.readouterr().out
    assert "person[red].tflite on ethos-u55-256" in " ".join(printed.split())
    assert "2 of 4 operators stay on the host CPU" in printed
    with pytest.raises(HardwareInputError, match="no compiler for npu-p32"):
        cost(file, ("npu-p32",))


def test_a_system_of_one_s_own_is_for_what_is_compiled(capsys):
    cost(Path("ds_cnn"), ("ethos-u55-128",), compile=True, clock_mhz=250, json=True)
    slow = json.loads(capsys.readouterr().out)["results"][0]
    fast = answer(capsys, Path("ds_cnn"), ("ethos-u55-128",), compile=True)["results"][0]
    assert slow["latency_ms"] == pytest.approx(2 * fast["latency_ms"])
    assert "250 MHz" in slow["accelerator"]
    with pytest.raises(HardwareInputError, match="--memory-mode is for what is compiled"):
        cost(Path("ds_cnn"), ("ethos-u55-128",), memory_mode="Sram_Only")
