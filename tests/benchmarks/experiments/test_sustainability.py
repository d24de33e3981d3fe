"""Energy arithmetic by hand, from factors that are rows of their own."""

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.sustainability.run import COLUMNS, inference_lines, single_shot_lines, user_lines
from benchmarks.experiments.sustainability.settings import Settings

SHIPPED = Path(__file__).parents[3] / "results/sustainability/sustainability.csv"


def test_a_million_users_are_multiplied_out():
    settings = Settings(users=1_000, inferences_per_s=1, hours_per_day=1, household_kwh=10, car_kg_co2=2)
    found = {line[1]: line[2] for line in user_lines(1.0, 11.0, settings)}
    # 10 mJ x 3,600 x 365 inferences x 1,000 users = 13.14 MJ = 3.65 kWh
    assert found["inferences of a user"] == 3_600 * 365
    assert found["difference of all users"] == pytest.approx(3.65)
    assert found["ours in households"] == pytest.approx(0.365)
    assert found["ours in cars"] == pytest.approx(3.65 * 0.4 / 2)
    # a million kWh are 3.6e15 mJ
    assert found["what that is an inference"] == pytest.approx(3.6e15 / (3_600 * 365 * 1_000))


def test_a_cpu_shares_an_instruction_among_its_macs():
    rows = [{"model": name, "accelerator": "a", "energy_mj": 1.0, "macs": 2e9} for name in ("Baseline", "V3", "V1")]
    settings = Settings(instruction_pj=40, macs_per_instruction=8)
    lines, (ours, cpu) = inference_lines(pd.DataFrame(rows), "detection", "V3", settings)
    assert (ours, cpu) == (1.0, pytest.approx(1.0 + 2e9 * 5e-9))
    assert [line[1] for line in lines] == ["detection, Baseline, a", "detection, V3, a", "detection, Baseline, a CPU"]


def test_a_supernet_takes_its_flops_at_the_rate_of_the_tables_trainings():
    rows = [
        {"task": task, "budget": 300, "machine": "NVIDIA X", "train_flops": flops, "seconds": 86_400.0, "kwh": 3.0}
        for task, flops in (("a", 10.0), ("a", 0.0), ("b", 20.0))
    ]
    rows += [{**rows[0], "budget": 30, "train_flops": 1.0}, {**rows[0], "machine": "a core", "train_flops": 1.0}]
    supernets = {"task": ["a", "a", "b"], "supernet_flops": [1.0, 3.0, 8.0], "supernet_example_passes": [5, 5, 11]}
    days, kwh = single_shot_lines(pd.DataFrame(rows), pd.DataFrame(supernets), ", old")
    # 2 of 10 FLOPs of task a, 8 of 20 of task b: .3 of a day and of 3 kWh on average
    assert days[1:4] == ("single-shot", pytest.approx(0.3), "GPU-days")
    assert kwh[1:4] == ("single-shot", pytest.approx(0.9), "kWh")
    assert days[5].startswith("3 supernets of a and b, old, 7 example passes each: ")


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Settings)])
def test_a_factor_is_above_nothing(name):
    with pytest.raises(BenchmarkInputError, match=f"{name} is 0; allowed: above 0"):
        Settings(**{name: 0.0})


def test_every_shipped_figure_says_what_it_is_and_factors_are_the_settings():
    table = pd.read_csv(SHIPPED)
    assert list(table.columns) == list(COLUMNS)
    assert set(table["kind"]) == {"counted", "modelled", "assumed", "published", "the article's"}
    value = table.set_index("quantity")["value"]
    assert value["users"] == Settings().users
    again = {
        line[1]: line[2]
        for line in user_lines(
            value["detection on an NPU, baseline"], value["detection on a CPU, baseline"], Settings()
        )
    }
    assert value["difference of all users"] == pytest.approx(again["difference of all users"], rel=1e-4)
