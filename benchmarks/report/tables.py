"""The README's tables and listing, written from the files they show: python -m benchmarks.report.tables.

One stands between `<!-- NAME -->` and `<!-- end -->`, NAME being the file it is made from.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from benchmarks.statistics.intervals import mean_interval

ROOT = Path(__file__).parents[2]


def fill(text: str, root: Path) -> str:
    """The text with every table that is known made anew from the files under `root`."""
    for name, render in TABLES.items():
        pattern = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
        if pattern.search(text):
            content = render(root / name)
            text = pattern.sub(lambda found, content=content: found[1] + content + found[2], text)
    return text


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, each line ended."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _records(path: Path) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in pd.read_csv(path).to_dict("records")]


def _baselines(path: Path) -> str:
    rows: dict[tuple[str, str], list[str]] = {}
    header = ["task", "data set", "quality (95% interval, n)", "MMACs", "params", "params KiB"]
    for row in _records(path):
        interval = f"{row['quality_low']:.3f} to {row['quality_high']:.3f}, {row['seeds']}"
        start = [
            row["task"],
            row["dataset"],
            f"{row['metric']} {row['quality']:.3f} ({interval})",
            f"{row['macs'] / 1e6:.1f}",
            f"{row['params']:,}",
            f"{row['param_bytes'] / 1024:.0f}",
        ]
        name = f"{row['accelerator'].removeprefix('ethos-')}: ms, KiB"
        header += [name] if name not in header else []
        cells = rows.setdefault((row["task"], row["dataset"]), start)
        cells.append(f"{row['latency_ms']:.3f}, {row['peak_sram_bytes'] / 1024:.0f}")
    return markdown_table(header, list(rows.values()))


def _fidelity(path: Path) -> str:
    header = ["task", "n", "Kendall tau (95% interval)", "top five shared", "std of architectures", "of seeds", "ratio"]
    rows = [
        [
            row["task"],
            str(row["n"]),
            f"{row['kendall_tau']:.2f} ({row['tau_low']:.2f} to {row['tau_high']:.2f})",
            f"{row['top5_overlap'] * 5:.0f} of 5 ({row['top5_low'] * 5:.0f} to {row['top5_high'] * 5:.0f})",
            f"{row['architecture_std']:.4f}",
            f"{row['seed_std']:.4f}",
            f"{row['spread_to_noise']:.1f}",
        ]
        for row in _records(path)
    ]
    return markdown_table(header, rows)


def _training_speed(path: Path) -> str:
    header = ["network", "image side", "cores", "ours, images/s", "PyTorch, images/s", "ratio"]
    rows = [
        [
            row["network"],
            str(row["image_size"]),
            str(row["cores"]),
            f"{row['ours_images_per_s']:.0f}",
            f"{row['pytorch_images_per_s']:.0f}",
            f"{row['ratio']:.2f}",
        ]
        for row in _records(path)
    ]
    return markdown_table(header, rows)


def _expert(path: Path) -> str:
    header = ["task", "accelerator", "lowered", "MMACs", "params", "compiled, share of the baseline's", "less"]
    rows = []
    start: dict[str, Any] = {}
    for row in _records(path):
        if row["rule"] == "start":
            start = row
        elif row["rule"] == "end":
            rows.append(
                [
                    row["task"],
                    row["accelerator"],
                    row["objective"],
                    f"{start['macs'] / 1e6:.1f} to {row['macs'] / 1e6:.1f}",
                    f"{start['params']:,} to {row['params']:,}",
                    f"{row['compiled_share']:.2f}",
                    f"{1 - row['compiled_share']:.0%}",
                ]
            )
    return markdown_table(header, rows)


def _curation(path: Path) -> str:
    header = ["accelerator", "space", "latency / best (95% interval)", "their spread", "searches within 5%"]
    header += ["evaluations a success takes", "median to 20%", "monotone moves", "minima in channels", "local minima"]
    rows = [
        [
            row["accelerator"],
            row["space"],
            f"{row['final']:.3f} ({row['final_low']:.3f} to {row['final_high']:.3f})",
            f"{row['spread']:.3f}",
            f"{row['success_rate']:.0%} ({row['success_low']:.0%} to {row['success_high']:.0%})",
            _expected(row),
            f"{row['evaluations_to_20pct']:.0f}",
            f"{row['monotone_share']:.0%}",
            f"{row['channel_minima_share']:.1%}",
            f"{row['local_minima_share']:.2%}",
        ]
        for row in _records(path)
    ]
    return markdown_table(header, rows)


def _curation_trained(path: Path) -> str:
    header = ["accelerator", "space", "searches", "within 5%", "trainings until then, median"]
    header += ["quality seen by the search", "quality trained anew (95% interval)"]
    rows = [
        [
            row["accelerator"],
            row["space"],
            str(row["seeds"]),
            f"{row['success_rate']:.0%}",
            f"{row['evaluations_to_5pct']:g}" if math.isfinite(row["evaluations_to_5pct"]) else "never",
            f"{row['metric']} {row['quality']:.3f} ({row['quality_low']:.3f} to {row['quality_high']:.3f})",
            f"{row['test_quality']:.3f} ({row['test_low']:.3f} to {row['test_high']:.3f})",
        ]
        for row in _records(path)
    ]
    return markdown_table(header, rows)


def _expected(row: dict[str, Any]) -> str:
    value, low, high = (
        "inf" if math.isinf(row[name]) else f"{row[name] / 1000:.3g}k"
        for name in ("expected_evaluations", "expected_low", "expected_high")
    )
    return f"{value} ({low} to {high})" if low != "inf" else "inf"


def _strategies(path: Path) -> str:
    regrets: dict[str, dict[int, list[float]]] = {}
    for row in _records(path):
        regrets.setdefault(row["strategy"], {}).setdefault(row["trainings"], []).append(row["regret"])
    budgets = sorted({budget for found in regrets.values() for budget in found})
    rows = [[name, *(f"{sum(found[n]) / len(found[n]):.3f}" for n in budgets)] for name, found in regrets.items()]
    return markdown_table(["strategy", *(f"{n} trainings" for n in budgets)], rows)


def _head_to_head(path: Path) -> str:
    header = ["task", "accelerator", "algorithm", "family", "searches", "quality (95% interval)", "ms", "within bound"]
    header += ["trainings", "TFLOPs", "minutes", "Wh", "hypervolume", "p, adjusted"]
    rows = [
        [
            row["task"],
            row["accelerator"],
            row["algorithm"],
            row["family"],
            str(row["seeds"]),
            f"{row['metric']} {row['quality']:.3f} ({row['quality_low']:.3f} to {row['quality_high']:.3f})",
            f"{row['latency_ms']:.3f}",
            f"{row['within_bound']:.0%}",
            f"{row['trainings']:.3g}",
            f"{row['train_flops'] / 1e12:.2g}",
            f"{row['wall_s'] / 60:.1f}",
            f"{row['kwh'] * 1e3:.1f}",
            f"{row['hypervolume']:.3f}",
            "-" if pd.isna(row["p_adjusted"]) else f"{row['p_adjusted']:.2g}",
        ]
        for row in _records(path)
    ]
    return markdown_table(header, rows)


def _zero_shot(path: Path) -> str:
    tasks: dict[str, dict[str, str]] = {}
    for row in _records(path):
        mark = " *" if row["better_than_macs"] else ""
        mark_within = " *" if row["better_than_macs_at_equal_latency"] else ""
        cell = f"{row['kendall_tau']:.2f} ({row['low']:.2f} to {row['high']:.2f}){mark}, "
        cell += f"{row['tau_at_equal_latency']:.2f}{mark_within}"
        tasks.setdefault(f"{row['task']}, n = {row['n']}", {})[row["score"]] = cell
    scores = list(dict.fromkeys(score for found in tasks.values() for score in found))
    return markdown_table(
        ["score", *tasks], [[name, *(found.get(name, "-") for found in tasks.values())] for name in scores]
    )


def _single_shot(path: Path) -> str:
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in _records(path):
        groups.setdefault((row["task"], row["accelerator"], row["algorithm"]), []).append(row)
    header = ["task", "accelerator", "supernet", "seeds", "Kendall tau (95% interval), n", "of MACs"]
    header += ["cost in trainings", "ms found", "ms asked for", "kept", "kept unaided", "certainty"]
    rows = []
    for names, found in groups.items():
        tau, low, high = mean_interval([row["kendall_tau"] for row in found])
        learned = not math.isnan(found[0]["certainty"])
        cost, latency = (sum(row[name] for row in found) / len(found) for name in ("cost_in_trainings", "latency_ms"))
        rows.append(
            [
                *names,
                str(len(found)),
                f"{tau:.2f} ({low:.2f} to {high:.2f}), {found[0]['n']}",
                f"{found[0]['macs_tau']:.2f}",
                f"{cost:.1f}",
                f"{latency:.3f}",
                f"{found[0]['latency_target_ms']:.3f}",
                f"{sum(row['meets_target'] for row in found)} of {len(found)}",
                f"{sum(row['met_unaided'] for row in found)} of {len(found)}" if learned else "-",
                f"{sum(row['certainty'] for row in found) / len(found):.2f}" if learned else "-",
            ]
        )
    return markdown_table(header, rows)


TABLES: MappingProxyType[str, Callable[[Path], str]] = MappingProxyType(
    {
        "results/detection/detection.md": lambda path: "\n".join(
            [line for line in path.read_text().splitlines() if line.startswith("|")] + [""]
        ),
        "results/baselines/baselines.csv": _baselines,
        "tests/nas_algos/twenty_lines.py": lambda path: f"```python\n{path.read_text()}```\n",
        "results/fidelity/fidelity.csv": _fidelity,
        "results/timings/training_speed.csv": _training_speed,
        "results/expert/expert.csv": _expert,
        "results/curation/curation.csv": _curation,
        "results/curation/curation_trained.csv": _curation_trained,
        "results/strategies/strategy_quality.csv": _strategies,
        "results/head_to_head/head_to_head.csv": _head_to_head,
        "results/zero_shot/zero_shot.csv": _zero_shot,
        "results/single_shot/single_shot.csv": _single_shot,
    }
)


if __name__ == "__main__":
    readme = ROOT / "README.md"
    readme.write_text(fill(readme.read_text(), ROOT))
