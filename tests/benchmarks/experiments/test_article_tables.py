"""The article's tables: five of a front by the stated rule, budgets by hand, files that bear out their columns."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.experiments.classification.run import first_of_networks, memory_columns, within, without_depthwise
from benchmarks.experiments.segmentation.run import ARTICLE_PCT, five
from benchmarks.report.pages.article import note
from benchmarks.tables.files import table_trials
from benchmarks.tables.models import photograph_term
from hw_model.cost import Cost
from tasks.registry import make_task
from tasks.spaces.registry import skeleton_for
from tasks.spaces.skeleton import curated_space

ROOT = Path(__file__).parents[3]
TRAINED_BY = "`accelnas table build --task segmentation --part article --new-only --count 10000`"
ISSUE = [
    *("model", "article_reduction_pct", "accelerator", "latency_ms", "latency_reduction_pct", "quality"),
    *("quality_low", "quality_high", "seeds", "param_bytes", "peak_activation_bytes", "macs", "quality_source"),
]


def test_five_networks_go_from_the_most_accurate_to_the_fastest_that_keeps():
    latency = np.arange(1.0, 11.0)
    scores = np.stack([-0.1 * latency, latency], axis=1)  # quality .1 to 1, latency 1 to 10
    # within a latency of 9: A is .9; E is the fastest of .5 less .1; the way from 9 to 4 in four
    assert [latency[place] for place in five(scores, 9.0, 0.5, 0.1)] == [9, 7, 6, 5, 4]
    # none keeps: all five are the best there is; none within: the fastest
    assert [latency[place] for place in five(scores, 9.0, 2.0, 0.1)] == [9] * 5
    assert [latency[place] for place in five(scores, 0.5, 0.05, 0.1)] == [1] * 5


def test_a_budget_is_a_share_of_each_memory_and_the_whole_latency():
    base = Cost(2.0, 1000.0, 400.0, 1, 1.0, 0.0)
    limits = within(base, 0.53)
    assert limits == pytest.approx({"param_bytes": 212, "peak_activation_bytes": 530, "latency_ms": 2.0})
    start = {"param_bytes": 400, "peak_activation_bytes": 1000, "latency_ms": 2.0}
    found = memory_columns({"param_bytes": 200, "peak_activation_bytes": 500, "latency_ms": 1.9}, start, limits)
    assert found == {
        "param_reduction_pct": 50,
        "peak_reduction_pct": 50,
        "memory_reduction_pct": 50,
        "budget_met": True,
    }
    over = memory_columns({"param_bytes": 300, "peak_activation_bytes": 100, "latency_ms": 1.9}, start, limits)
    assert over["memory_reduction_pct"] == pytest.approx(100 * (1 - 400 / 1400))
    assert not over["budget_met"]


def test_candidates_to_compile_are_different_networks_the_first_genotype_of_each():
    task = make_task("classification")
    space = curated_space(skeleton_for(task), task.output_channels, 16)
    one = (0,) * len(space.cardinalities)
    # every choice of every decision, alone: narrow multipliers and channels come to the same multiples of 16
    genotypes = np.array(
        [
            [*one[:place], choice, *one[place + 1 :]]
            for place, choices in enumerate(space.cardinalities)
            for choice in range(choices)
        ],
        np.int32,
    )
    chains = space.decode_all(genotypes)
    assert len(set(chains)) < len(chains)
    places = first_of_networks(space, genotypes, len(chains))
    assert [chains[place] for place in places] == list(dict.fromkeys(chains))
    assert [chains.index(chains[place]) for place in places] == places
    assert first_of_networks(space, genotypes, 3) == places[:3]


def test_without_depthwise_convolutions_no_inverted_bottleneck_can_be_chosen():
    task = make_task("classification")
    space = without_depthwise(curated_space(skeleton_for(task), task.output_channels, 8), task)
    kinds = {choice for each in space.decisions if each.name.startswith("block") for choice in each.choices}
    assert kinds == {"conv", "fused_ibn_3", "fused_ibn_6"}


@pytest.mark.parametrize("name", ["classification", "segmentation", "iso_latency"])
def test_shipped_tables_have_the_columns_that_others_read_and_agree_with_themselves(name):
    table = pd.read_csv(ROOT / f"results/{name}/{name}.csv")
    assert set(ISSUE) <= set(table.columns)
    keys = [key for key in ("task", "accelerator") if key in table]
    for _, own in table.groupby(keys):
        base = own[own["model"] == "Baseline"].iloc[0]
        assert own["latency_reduction_pct"].tolist() == pytest.approx(
            (100 * (1 - own["latency_ms"] / base["latency_ms"])).tolist(), abs=1e-3
        )
        assert (own["quality"].between(own["quality_low"], own["quality_high"])).all()
        assert ((own["quality_source"] == "trained") == (own["seeds"] > 0)).all()
    assert table["accelerator"].nunique() == 3


def test_the_articles_five_models_are_there_with_their_figures():
    table = pd.read_csv(ROOT / "results/segmentation/segmentation.csv")
    for _, own in table[table["model"] != "Baseline"].groupby("accelerator"):
        assert dict(zip(own["model"], own["article_reduction_pct"], strict=True)) == ARTICLE_PCT
        assert own["latency_ms"].is_monotonic_decreasing


def test_a_pages_note_counts_the_networks_that_wait_for_trainings():
    rows = [{"model": "Baseline", "seeds": 0}, {"model": "V1", "seeds": 5}, {"model": "V2", "seeds": 0}]
    text = " ".join(note(rows, "segmentation").split())
    assert f"1 of the 2 networks chosen here have no trainings of their own. They are trained by {TRAINED_BY} (" in text
    assert "have no trainings" not in note(rows[:2], "segmentation")
    assert "Predicted" not in note(rows[:2], "segmentation")


def test_a_pages_note_names_a_command_for_each_task_whose_networks_wait():
    targets = ("segmentation", "classification", "segmentation", "detection on photo_objects")
    text = " ".join(note([{"model": "As it is", "seeds": 0, "target": target} for target in targets]).split())
    assert "3 of the 4 networks" in text
    assert f"{TRAINED_BY} and {TRAINED_BY.replace('segmentation', 'classification')} (" in text


@pytest.mark.parametrize("task", ["classification", "detection", "segmentation"])
def test_pages_say_that_qualities_of_the_trained_tables_are_on_validation_images(task):
    splits = {json.loads(trial.key.fidelity)["eval_split"] for trial in table_trials(ROOT / "results", task)}
    said = {split for split in ("validation", "test") if f"on {split} images" in " ".join(note([]).split())}
    assert said == splits


def test_what_is_no_slower_is_no_slower():
    table = pd.read_csv(ROOT / "results/iso_latency/iso_latency.csv")
    assert (table["latency_reduction_pct"] >= -1e-3).all()


@pytest.mark.parametrize("name", ["detection", "classification", "segmentation", "iso_latency"])
def test_shipped_intervals_of_qualities_hold_what_other_photographs_may_change_and_differences_do_not(name):
    own = {"classification": "fashion_objects", "detection": "fashion_scenes", "segmentation": "fashion_scenes"}
    terms = {task: photograph_term(ROOT / "results", task, dataset) for task, dataset in own.items()}
    narrow = 0
    for row in pd.read_csv(ROOT / f"results/{name}/{name}.csv").to_dict("records"):
        metric = "map" if name == "detection" else "quality"
        below, above = terms[row.get("task", name)]
        assert row[metric] - row[f"{metric}_low"] > below - 1e-5
        assert row[f"{metric}_high"] - row[metric] > above - 1e-5
        narrow += row["seeds"] > 0 and row["quality_difference"] - row["quality_difference_low"] < below
    assert narrow
