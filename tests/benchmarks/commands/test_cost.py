"""The cost command: its JSON, its tables and what it says to bad input."""

import json
import math
from pathlib import Path

import jax
import pytest
from jax.core import Tracer

from benchmarks.commands.cost import cost
from hw_model import cost_models
from hw_model.cost_models import PRETRAINED, accelerator_names, cost_model
from hw_model.errors import HardwareInputError
from hw_model.network_file import EXAMPLES, load_network
from hw_model.predict import predict
from hw_model.vela import core
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.compiler import compile_blocks
from hw_model.vela.tflite_writer import write_tflite
from hw_model.workload import workload_from_chains
from tests.cli import accelnas
from tests.hw_model.networks import SMALL
from tests.hw_model.tflite_builder import Graph
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
    for options in ({"accelerator": ("ethos-u55-256",)}, {"board": "numaker-m55m1"}):
        cost(file, **options)
        printed = " ".join(capsys.readouterr().out.split())
        assert "Warning: extrapolated" in printed
        assert "its figures and ± are guesses. --compile asks the compiler." in printed


def test_energy_and_traffic_are_left_out_where_the_fit_had_none_with_a_line_that_says_what_gives_them(capsys):
    estimated = {name: predict(SMALL, name).cost for name in SHIPPED}
    known = [name for name, found in estimated.items() if math.isfinite(found.energy_mj)]
    assert known == ["ethos-u55-256", "ethos-u65-256", "ethos-u65-512", "ethos-u85-1024"]
    for name in SHIPPED:
        assert math.isfinite(estimated[name].off_chip_bytes) == (name in known or name.endswith("-sram-only"))
    for options in ({"accelerator": ("ethos-u85-256",)}, {"board": "alif-e8-u85"}):
        result = answer(capsys, Path("ds_cnn"), **options)["results"][0]
        assert (result["energy_mj"], result["off_chip_bytes"]) == (None, None)
        cost(Path("ds_cnn"), **options)
        printed = " ".join(capsys.readouterr().out.split())
        assert "traffic was not kept. --compile gives them." in printed
        assert " mJ" not in printed
    cost(Path("ds_cnn"), ("ethos-u85-1024",))
    assert "--compile" not in capsys.readouterr().out


def test_compile_runs_the_compiler_once(monkeypatch):
    runs, compile = [], core.regor.compile
    monkeypatch.setattr(core.regor, "compile", lambda *args, **options: runs.append(1) or compile(*args, **options))
    predict(SMALL, "ethos-u65-256", "compile")
    assert len(runs) == 1


@pytest.mark.parametrize("name", ["ethos-u55-32", "npu-ethos-u55-32"])
def test_a_second_estimate_reads_no_file(name, monkeypatch):
    first = predict(SMALL, name)
    monkeypatch.setattr(Path, "open", lambda *_, **__: pytest.fail("a file is opened"))
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: pytest.fail("a file is read"))
    assert predict(SMALL, name) == first


def test_an_estimator_first_asked_for_while_tracing_is_kept_as_values():
    cost_models._estimator_in.cache_clear()
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
    assert "Compiled, since estimators do not know these operators of the file: 2 x FLOOR." in " ".join(printed.split())
    with pytest.raises(HardwareInputError, match="estimators do not know these operators of the file: 2 x FLOOR"):
        cost(file, ("npu-p32",))
    with pytest.raises(HardwareInputError, match="no compiler for npu-p32"):
        cost(file, ("npu-p32",), compile=True)


def test_a_tflite_file_larger_than_blocks_may_be_is_compiled(capsys, tmp_path):
    graph, file = Graph(16, 16, 64), tmp_path / "flat.tflite"
    file.write_bytes(graph.finish(graph.dense(graph.input, 10)))
    cost(file)
    printed = " ".join(capsys.readouterr().out.split())
    assert "flat.tflite on ethos-u55-256 (compiler)" in printed
    assert "Compiled, since estimators do not know networks like the file's: block 0 (dense): in_channels" in printed
    with pytest.raises(HardwareInputError, match="in_channels is 16384; allowed: whole numbers 1 to 8192"):
        cost(file, ("npu-p32",))


def test_a_tflite_file_of_known_operators_is_estimated_without_the_compiler_and_compiled_when_asked(capsys, tmp_path):
    file = tmp_path / "net.tflite"
    file.write_bytes(write_tflite(SMALL))
    estimated = answer(capsys, file, ("ethos-u55-256", "npu-p32"))["results"]
    assert [result["method"] for result in estimated] == ["estimator", "analytic"]
    assert estimated[0]["latency_ms"] == pytest.approx(predict(SMALL, "ethos-u55-256").cost.latency_ms, rel=1e-5)
    compiled = answer(capsys, file, ("ethos-u55-256",), compile=True)["results"][0]
    assert compiled["latency_ms"] == compile_blocks(SMALL, ETHOS_U["ethos-u55-256"]).latency_ms
    with pytest.raises(HardwareInputError, match="--weights is for networks in JSON"):
        cost(file, weights=("sparse", "0.5"))


def test_what_is_assumed_of_the_weights_can_be_given_and_is_told(capsys):
    def told(*weights):
        return answer(capsys, Path("ds_cnn"), ("ethos-u55-256",), compile=True, weights=weights)["results"][0]

    drawn, sparse = told(), told("sparse", "0.9")
    assert sparse["weights"].startswith("90% zeros")
    assert sparse["weight_compression"] < 0.6 * drawn["weight_compression"]
    assert sparse["latency_ms"] < drawn["latency_ms"]
    assert told("ratio", "0.6")["weight_compression"] == pytest.approx(0.6, rel=0.1)
    cost(Path("ds_cnn"), ("ethos-u55-256",), compile=True, weights=("range",))
    assert "By what the weights may be: " in capsys.readouterr().out
    with pytest.raises(HardwareInputError, match="--weights is for what is compiled"):
        cost(Path("ds_cnn"), weights=("sparse", "0.5"))
    for words, line in ((("sparse", "2"), "sparse '2'; allowed: numbers from 0 to 1"), (("dense",), "no such file")):
        with pytest.raises(HardwareInputError, match=line):
            told(*words)


def test_json_has_all_that_was_asked_for(capsys, tmp_path):
    ranged = answer(capsys, Path("ds_cnn"), ("ethos-u55-256",), compile=True, weights=("range",))["results"][0]
    low, high = ranged["weight_range"]
    assert low["weights"].startswith("80% zeros")
    assert low["weight_compression"] < ranged["weight_compression"] < high["weight_compression"]
    assert low["latency_ms"] < ranged["latency_ms"] < high["latency_ms"]
    # more than the board keeps on its chip
    board = answer(capsys, Path("mobilenet_v2_100"), board="alif-e1c")["results"][0]["board"]
    assert "E1C" in board["title"]
    assert ["of weights" in line for line in board["warnings"]].count(True) == 1
    file = tmp_path / "net.tflite"
    file.write_bytes(write_tflite(SMALL))
    compiled = answer(capsys, file, board="alif-e1c", compile=True)["results"][0]
    assert compiled["board"]["title"] == board["title"]
    assert compiled.keys() >= {*TOTALS, *JUDGEMENT} - {"param_bytes"}
    assert (compiled["peak_std_bytes"], compiled["extrapolated"], compiled["outside_fit"]) == (None, False, [])


def test_a_block_that_the_compiler_refuses_is_numbered_as_its_file_has_it_whatever_repeats_before_it(tmp_path, capfd):
    file, conv = tmp_path / "net.json", {"kind": "conv", "channels": 4}
    file.write_text(
        json.dumps({"input": [8, 8, 3], "blocks": [conv | {"repeat": 3}, {"kind": "upsample", "stride": 3}]})
    )
    for weights in ((), ("--weights", "ratio", ".5"), ("--weights", "range")):
        code, printed, errors = accelnas("cost", file, "--accelerator", "ethos-u65-256", "--compile", *weights)
        assert (code, printed, errors.count("\n")) == (2, "", 1)
        assert "block 1 (upsample): ethos-u65-256 leaves RESIZE_NEAREST_NEIGHBOR to the host CPU: Scaling" in errors
    assert capfd.readouterr() == ("", "")


def test_a_network_without_weights_has_no_range_of_them(tmp_path, capsys):
    file = tmp_path / "pools.json"
    file.write_text(json.dumps({"input": [8, 8, 4], "blocks": [{"kind": "max_pool"}]}))
    cost(file, ("ethos-u55-256",), compile=True, weights=("range",))
    assert "By what the weights may be" not in capsys.readouterr().out


def test_blocks_that_take_no_time_have_a_table_without_shares(tmp_path, capsys):
    for name, time in (("none", "0"), ("some", "2")):
        (tmp_path / f"{name}.csv").write_text(
            f"kind,height,width,in_channels,out_channels,latency_ms\nconv,8,8,3,4,{time}\n"
        )
    network = tmp_path / "net.json"
    network.write_text(json.dumps({"input": [8, 8, 3], "blocks": [{"kind": "conv", "channels": 4}]}))
    cost(network, (str(tmp_path / "none.csv"), str(tmp_path / "some.csv")))
    out = capsys.readouterr().out
    assert "Block conv 0 takes most of the time: 2 of 2 ms (100%)." in out
    assert out.count("takes most of the time") == 1
    assert "none.csv,0ms;theslowesttakes2ms." in "".join(out.split())  # paths may be wrapped
