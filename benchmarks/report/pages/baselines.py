"""What each task starts from: quality over seeds, and cost on five accelerators."""

from __future__ import annotations

from pathlib import Path

from benchmarks.markdown import KIB, Row, interval, rows, table


def page(folder: Path) -> str:
    """The page's Markdown."""
    header = ["task", "data set", "recipe", "quality (95% interval, n)", "without a network", "MMACs", "params KiB"]
    floors = _floors(rows(folder.parent / "controls" / "controls.csv"))
    lines: dict[tuple[str, str, str], list[str]] = {}
    costs: dict[tuple[str, str, str], dict[str, str]] = {}
    for row in rows(folder / "baselines.csv"):
        key = row["task"], row["dataset"], row["recipe"]
        start = [
            row["task"],
            row["dataset"],
            row["recipe"],
            f"{row['metric']} {interval(row, 'quality')[:-1]}, {row['seeds']})",
            floors.get((row["task"], row["dataset"]), "-"),
            f"{row['macs'] / 1e6:.1f}",
            f"{row['param_bytes'] / KIB:.0f}",
        ]
        lines[key] = start
        cost = f"{row['latency_ms']:.3f}, {row['peak_activation_bytes'] / KIB:.0f}"
        costs.setdefault(key, {})[row["accelerator"]] = cost
    accelerators = list(dict.fromkeys(name for known in costs.values() for name in known))
    header += [f"{name.removeprefix('ethos-')}: ms, KiB" for name in accelerators]
    body = [[*start, *(costs[key].get(name, "-") for name in accelerators)] for key, start in lines.items()]
    return f"""\
Classification of FashionObjects, detection and segmentation on FashionScenes share one interface, one kind of network
(a chain of blocks) and one way of searching.  Each starts from a baseline designed for few MACs, depthwise throughout,
as one does for CPUs.  Quality is on test examples after trainings by the named recipe of the
[trained tables](tables.md), with an interval over seeds that is widened by what the choice of test photographs does;
"without a network" is the best [control](../../results/controls/controls.csv).  Latency and peak SRAM are of the whole
network, compiled.

{table(header, body)}
What the baselines say of test scenes, truth left and prediction right, over each segmentation its own mIoU:
[detection](../../results/baselines/predictions_detection.png),
[segmentation](../../results/baselines/predictions_segmentation.png).

FashionScenes are real Fashion-MNIST items, tinted and scaled, over real photographs, with exact boxes and masks; items
and photographs are split before composing: [some of them](../../results/baselines/scenes.png).  Detection labels one
class, "presence", as in the article.

The same tasks run on PhotoObjects (photographed cut-outs, `make photo-objects`, then `accelnas reproduce baselines
--set dataset=photo_objects --set task=detection,segmentation`), and on Oxford-IIIT Pet and VOC 2007 where you have
prepared them (`accelnas prepare --dataset oxford_iiit_pet --download`, which needs TensorFlow installed
besides; tested on mock data only).

Trainings by the recipe search are short: they rank networks, and are no records.
"""


def _floors(controls: list[Row]) -> dict[tuple[str, str], str]:
    """The best control of each task and data set, and its quality."""
    found: dict[tuple[str, str], str] = {}
    for row in sorted(controls, key=lambda row: row["quality"]):
        found[row["task"], row["dataset"]] = f"{row['quality']:.3f} ({row['control'].replace('_', ' ')})"
    return found
