"""The supernets' page tells tasks and spends apart, and says of each what its own rows show."""

import pandas as pd
import pytest

from benchmarks.report.pages.single_shot import page

LEARNED = {"certainty": 0.9, "met_unconstrained": False, "preferred_latency_ms": 0.22}


@pytest.fixture
def folder(tmp_path):
    """Two tasks and two spends of two algorithms, tau of each its own."""
    taus = {("detection", 3): (0.1, 0.0), ("detection", 30): (0.5, 0.2), ("segmentation", 30): (0.7, -0.6)}
    made, spends = [], []
    for (task, budget), both in taus.items():
        for algorithm, tau in zip(("one_shot", "tunas"), both, strict=True):
            spend = {"task": task, "accelerator": "npu", "algorithm": algorithm, "budget": budget, "n": 40}
            spend |= {"macs_tau": 0.6 if task == "segmentation" else 0.3, "cost_in_trainings": 2 * budget}
            spends.append(spend | {"kendall_tau": tau, "low": tau - 0.15, "high": tau + 0.15})
            row = spend | {"kendall_tau": 9, "latency_ms": 0.1, "latency_target_ms": 0.2, "meets_target": True}
            row |= LEARNED if algorithm == "tunas" else dict.fromkeys(LEARNED)
            made += [row | {"seed": seed} for seed in range(3)]
    pd.DataFrame(made).to_csv(tmp_path / "single_shot.csv", index=False)
    pd.DataFrame(spends).to_csv(tmp_path / "single_shot_spend.csv", index=False)
    return tmp_path


def test_tasks_and_spends_are_not_averaged(folder):
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page(folder).splitlines() if line[:1] == "|"]
    assert [(line[0], line[2], line[3], line[5], line[6], line[7]) for line in lines[2:]] == [
        ("detection", "3 trainings", "one_shot", "0.10 (-0.05 to 0.25), 40", "0.30", "6.0"),
        ("detection", "3 trainings", "tunas", "0.00 (-0.15 to 0.15), 40", "0.30", "6.0"),
        ("detection", "30 trainings", "one_shot", "0.50 (0.35 to 0.65), 40", "0.30", "60.0"),
        ("detection", "30 trainings", "tunas", "0.20 (0.05 to 0.35), 40", "0.30", "60.0"),
        ("segmentation", "30 trainings", "one_shot", "0.70 (0.55 to 0.85), 40", "0.60", "60.0"),
        ("segmentation", "30 trainings", "tunas", "-0.60 (-0.75 to -0.45), 40", "0.60", "60.0"),
    ]


def test_sentences_are_of_each_task_and_spend(folder):
    text = " ".join(page(folder).split())
    ranking, counting = "trainings: better than at random rank", ", of these better than counting MACs by the whole"
    assert f"- Detection on npu, 3 {ranking} none; not told from random are `one_shot` and `tunas`." in text
    assert f"npu, 30 {ranking} `one_shot` and `tunas`{counting} interval `one_shot`." in text
    assert f"- Segmentation on npu, 30 {ranking} `one_shot`{counting} interval none; worse than at random" in text
    assert "worse than at random `tunas`." in text
    assert "over the bound in 9 of 9" in text
    assert "by up to 10.0%" in text
    assert "before what adding or removing" not in text


def test_rows_that_do_not_say_what_was_spent_are_of_the_first_supernets(folder):
    path = folder / "single_shot.csv"
    pd.read_csv(path).drop(columns="budget").to_csv(path, index=False)
    text = " ".join(page(folder).split())
    assert "which Gumbel-softmax learned wrongly (version 1 of supernets" in text
    assert "with Student's interval over them" in text
