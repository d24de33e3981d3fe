"""`accelnas export`: a trained network as int8 and float .tflite files."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from benchmarks.errors import check_count
from benchmarks.home import DEFAULT_HOME, check_folders

if TYPE_CHECKING:
    from benchmarks.saved.export import Compiled, Exported

FLOAT, INT8, REPORT = "float.tflite", "int8.tflite", "export.json"
LOSS_POINTS = 1.0
"""Loss of quality by int8, in points of a hundredth, beyond which it is said."""


def export(
    folder: tyro.conf.Positional[Path],
    accelerator: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = (),
    calibration: int = 128,
    home: Path = DEFAULT_HOME,
) -> None:
    """Write a trained network as .tflite files, run them on test examples in LiteRT, and compile the int8 one.

    Batch normalisation is folded into the convolutions; weights are quantised by channel, activations by what training
    images make of them. Writes FOLDER/int8.tflite, float.tflite and export.json. Needs what `pip install
    'accelnas[export]'` installs.

    Args:
        folder: What `accelnas train` kept of a network (its option save).
        accelerator: Ethos-U to compile for; repeat the option for several. ethos-u55-256 if left out.
        calibration: Training images that the ranges of activations are taken from.
        home: Directory that data are kept in.
    """
    check_count("calibration images", calibration, most=20_000)
    check_folders(home, folder)
    # jax takes seconds to load, which `accelnas --help` need not pay
    from benchmarks.runtime.prepare import prepare_with_progress
    from benchmarks.saved.export import compile_exported, export_network
    from benchmarks.saved.folder import read_saved
    from benchmarks.store.files import write_json
    from benchmarks.store.provenance import current_provenance
    from hw_model.files import write_whole
    from hw_model.vela.accelerators import get_accelerator
    from tasks.deployment.litert import check_extra

    names = accelerator or ("ethos-u55-256",)
    for name in names:
        get_accelerator(name)
    check_extra()
    saved = read_saved(folder)
    saved.check_data()
    task, fidelity, variables, quality = saved.task, saved.fidelity, saved.variables, saved.quality
    prepare_with_progress(home, task.config(fidelity.data), task.dataset)
    test = task.load(home, fidelity.data, fidelity.eval_split).take(slice(0, fidelity.eval_examples))
    images = task.load(home, fidelity.data, "train").images[:calibration]
    exported = export_network(saved.blocks, task, variables, images, test)
    write_whole(folder / FLOAT, exported.float_file)
    write_whole(folder / INT8, exported.int8_file)
    compiled = compile_exported(saved.blocks, exported.int8_file, names)
    content = {
        "outputs": task.output_names,
        "quality": {"trained": quality, "float": exported.float_quality, "int8": exported.int8_quality},
        "examples": len(test.images),
        "split": fidelity.eval_split,
        "calibration_images": len(images),
        "largest_difference_of_float_file_and_jax": exported.difference,
        "bytes": {"float": len(exported.float_file), "int8": len(exported.int8_file)},
        "compiled": [each._asdict() for each in compiled],
        "made_by": dataclasses.asdict(current_provenance()),
    }
    write_json(folder / REPORT, content)
    print("\n".join(lines(task.metric, content["examples"], exported, compiled)))
    print(f"Written to {folder}: {INT8}, {FLOAT}, {REPORT}")
    print(f"Verdict: {verdict(task.metric, exported, compiled)}.")


def verdict(metric: str, exported: Exported, compiled: list[Compiled]) -> str:
    """A line: whether the int8 file can stand for the network that was trained."""
    quality, trained = exported.int8_quality[metric], exported.float_quality[metric]
    kept = 100 * (trained - quality) <= LOSS_POINTS
    cost = ", ".join(f"{each.exported_ms:.4g} ms on {each.accelerator}" for each in compiled)
    stays = sum(each.on_cpu for each in compiled)
    more = f"; {stays} operators stay on the host CPU" if stays else ""
    return (
        f"int8 {'keeps' if kept else 'does NOT keep'} the {metric} ({quality:.4f}, float {trained:.4f}), {cost}{more}"
    )


def lines(metric: str, examples: int, exported: Exported, compiled: list[Compiled]) -> list[str]:
    """What is said of an export, at most 80 columns wide."""
    sizes = len(exported.float_file) / 1024, len(exported.int8_file) / 1024
    text = [f"file   {metric:>9}  KiB    ({examples} test examples, in LiteRT)"]
    for name, quality, size in (
        ("float", exported.float_quality, sizes[0]),
        ("int8", exported.int8_quality, sizes[1]),
    ):
        text.append(f"{name:<5}  {quality[metric]:>9.4f}  {size:.1f}")
    lost = 100 * (exported.float_quality[metric] - exported.int8_quality[metric])
    within = f"within {LOSS_POINTS:g} point" if lost <= LOSS_POINTS else f"MORE than {LOSS_POINTS:g} point"
    text.append(f"int8 {'loses' if lost >= 0 else 'gains'} {abs(lost):.2f} points of {metric}, {within}.")
    text.append(f"Float file and JAX differ by at most {exported.difference:.1e}.")
    text += ["", "accelerator               searched ms  exported ms  difference  SRAM KiB"]
    for each in compiled:
        more = 100 * (each.exported_ms / each.searched_ms - 1)
        sram = each.peak_activation_bytes / 1024
        figures = f"{each.searched_ms:>11.4f}  {each.exported_ms:>11.4f}  {more:>+9.1f}%  {sram:>8.0f}"
        text.append(f"{each.accelerator:<24}  {figures}")
        if each.on_cpu:
            text.append(f"Warning: {each.on_cpu} operators stay on the host CPU and are in no figure.")
    text.append("searched: what a search is told (cost model); exported: as compiled, trained.")
    return text
