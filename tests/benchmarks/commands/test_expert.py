"""`accelnas expert` as a user runs it."""

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.errors import one_line
from benchmarks.problem import baseline_blocks
from benchmarks.search.expert import expert_architecture, memory_note
from hw_model.errors import HardwareInputError
from hw_model.network_file import load_network, parse_network
from hw_model.predict import predict
from tasks.registry import make_task
from tests.cli import accelnas, refused
from tests.hw_model.published_graphs import GRAPHS

ROOT = Path(__file__).parents[3]


def expert(folder, *more):
    where = ("--home", folder / "home", "--results", folder / "results")
    return accelnas("expert", "--task", "classification", "--accelerator", "npu-p16", *where, *more)


@pytest.mark.slow
def test_it_prints_each_step_and_writes_a_network_that_can_be_costed(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "250")  # none of its lines is wrapped
    code, printed, errors = expert(tmp_path)
    assert code == 0, errors
    (folder,) = (tmp_path / "results").glob("classification-npu-p16-latency-????????")
    assert json.loads((folder / "settings.json").read_text())["settings"]["accelerator"] == "npu-p16"
    blocks, steps = expert_architecture(make_task("classification"), "npu-p16", "latency")
    assert load_network(folder / "end.json").blocks == blocks
    assert load_network(folder / "start.json").blocks == baseline_blocks(make_task("classification"))
    table = pd.read_csv(folder / "steps.csv")
    assert table["rule"].tolist() == ["start", *(step.rule for step in steps), "end"]
    assert table["objective_share"].iloc[-1] < 1
    for step in steps:
        assert step.change in printed
    code, printed, errors = accelnas("cost", folder / "end.json", "--accelerator", "npu-p16", "--json")
    assert code == 0, errors
    told = json.loads(printed)["results"][0]
    assert told["latency_ms"] == pytest.approx(table["latency_after_ms"].iloc[-1], rel=1e-4)
    assert told["latency_ms"] == predict(blocks, "npu-p16").cost.latency_ms


def test_a_network_without_parameters_has_no_change_of_them(tmp_path):
    pool = tmp_path / "pool.json"
    pool.write_text('{"input": [8, 8, 16], "blocks": [{"kind": "global_pool"}]}')
    code, printed, errors = expert(tmp_path, "--network", pool)
    assert code == 0, errors
    assert "change" in printed


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_start_and_end_are_trained_and_compared_and_not_trained_again(tmp_path, without_workers):
    grey = ("--dataset", "fashion_items")  # small images
    expert(tmp_path, *grey)
    (end,) = (tmp_path / "results").glob("classification-npu-p16-latency-????????/end.json")
    first = end.read_text()
    code, printed, errors = expert(tmp_path, *grey, "--network", end, "--train", 2, "--profile", "smoke")
    assert code == 0, errors
    assert end.read_text() == first  # of another network to start from, so in another folder
    for name in ("start", "end", "difference"):
        assert f"accuracy {name}: " in printed
    code, again, errors = expert(tmp_path, *grey, "--network", end, "--train", 2, "--profile", "smoke")
    assert code == 0, errors
    compared = [[line for line in text.splitlines() if line.startswith("accuracy")] for text in (printed, again)]
    assert len(compared[0]) == 3
    assert compared[0] == compared[1]
    assert "known already" in again


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--task", "speech"), "unknown task 'speech'; allowed: classification"),
        (("--accelerator", "tpu"), "unknown accelerator 'tpu'; allowed: "),
        (("--accelerator", "ethos-u85-102"), "did you mean ethos-u85-1024?"),
        (("--network", "nowhere.json"), "no network file nowhere.json"),
        (
            ("--train", "1", "--network", "hw_model/networks/mobilenet_v2_050.json"),
            "gives channels 1000; allowed for classification: 10",
        ),
        (("--train", "-1"), "number of seeds to train is -1; allowed: 0 to 1000000"),
        (("--profile", "smoke", "--executor", "local"), "no --train with --profile, --executor; allowed: none of them"),
        (("--train", "1", "--profile", "huge"), "unknown profile 'huge'; allowed: smoke"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(tmp_path, monkeypatch, arguments, line):
    where = ("--home", tmp_path / "home", "--results", tmp_path / "results")
    monkeypatch.chdir(ROOT)
    usual = (("--task", "classification"), ("--accelerator", "npu-p16"))
    usual = [word for pair in usual if pair[0] not in arguments for word in pair]
    assert line in refused("expert", *usual, *arguments, *where)
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("name", ["mobilenet_v2", "mobilenet_v3_small"])
def test_any_network_is_rewritten_by_its_costs_alone(tmp_path, name):
    # of other classes, channels and sizes than the task's data, one of them no chain
    (tmp_path / "net.json").write_text(json.dumps(GRAPHS[name]()))
    what = ("--task", "detection", "--accelerator", "npu-p16", "--network", tmp_path / "net.json")
    code, printed, _ = accelnas("expert", *what, "--home", tmp_path / "home", "--results", tmp_path / "results")
    assert code == 0
    assert "Start and end, analytic model" in printed
    (end,) = (tmp_path / "results").glob("*/end.json")
    before, after = parse_network(GRAPHS[name]()).blocks, load_network(end).blocks
    assert predict(after, "npu-p16").cost.latency_ms < predict(before, "npu-p16").cost.latency_ms
    assert (after[0].in_channels, after[-1].out_channels) == (before[0].in_channels, before[-1].out_channels)


def test_memory_of_an_accelerator_that_fills_its_sram_is_said_to_be_no_measure_of_need():
    for name in ("ethos-u55-256", "ethos-u65-512-sram-only", "npu-p16"):
        assert memory_note(name, "memory") == memory_note("ethos-u65-512", "latency") == ""
    for name in ("ethos-u65-512", "ethos-u85-1024"):
        note = memory_note(name, "memory")
        assert note.startswith(f"memory on {name}: DRAM lies behind the SRAM")
        assert note.endswith(f"no measure of what a network needs; on {name}-sram-only it is")
        assert one_line(note) == note


def test_a_device_of_unknown_parallelism_is_named(monkeypatch):
    monkeypatch.setattr("benchmarks.search.expert.cost_model", lambda name: None)  # one was fitted
    with pytest.raises(HardwareInputError, match="parallelism factor of 'device-x' is not known"):
        expert_architecture(make_task("detection"), "device-x")
