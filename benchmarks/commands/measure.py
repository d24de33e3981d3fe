"""`accelnas measure`: compile sampled networks for an accelerator and keep what the compiler says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from benchmarks.errors import check_count, report
from benchmarks.home import check_folders
from hw_model.errors import HardwareInputError

if TYPE_CHECKING:
    from hw_model.learned.device import Device
    from hw_model.learned.measuring import Outlook

_UNSTEADY = 0.25
"""Share of the median by which a machine's times may differ without a word."""


def measure(
    accelerator: Annotated[tuple[str, ...], tyro.conf.UseAppendAction],
    budget: int = 600,
    general: int = 200,
    test: int = 300,
    refine: int = 0,
    parts: bool = False,
    fit: bool = False,
    results: Path = Path("results/estimator/measured"),
) -> None:
    """Compile sampled networks for accelerators and write RESULTS/<accelerator>.parquet; interrupt and resume at will.

    On this-device networks are timed instead, after a look at what is missing, how long that takes and how steady times
    are (docs/how-to/this_device.md).

    Args:
        accelerator: Name of an Ethos-U, or this-device for the one that JAX computes on, whose blocks are timed; repeat
            the option for several.
        budget: Networks to learn from, drawn in equal parts from the curated and uncurated sets.
        general: Networks of all shapes to learn from besides, so that the estimator knows more than the sets.
        test: Networks to evaluate on, from another seed.
        refine: Networks to learn from besides, those of ten times as many that an estimator fitted to the others is
            least sure of.
        parts: Compile the blocks and adjacent pairs of the test networks as well, which the sum of
            single blocks and the accumulation of pairs are reckoned from, into <accelerator>-parts.parquet.
        fit: Fit an estimator to all networks to learn from and keep it below $ACCELNAS_HOME, where accelnas finds it
            before the one that ships with it.
        results: Directory of the data sets.
    """
    counts = {"budget": budget, "general": general, "test": test, "refine": refine}
    for name, value in counts.items():
        check_count(name, value, least=0)
    check_folders(results)
    # jax and the compiler take seconds to load, which `accelnas --help` need not pay
    from hw_model.cost_models import fitted_folder
    from hw_model.learned.calibration import COVERED, held_share
    from hw_model.learned.device import Device
    from hw_model.learned.fitting import FEWEST_NETWORKS
    from hw_model.learned.measuring import (
        fit_to,
        get_target,
        measure_parts,
        measure_sets,
        outlook,
        target_names,
        to_learn_from,
    )

    if not accelerator:
        raise HardwareInputError(f"no --accelerator given; allowed: {', '.join(target_names())}")
    if not any(counts.values()) and not parts and not fit:
        raise HardwareInputError(
            "--budget, --general, --test and --refine are all 0; allowed: one of 1 and more, or --fit"
        )
    if fit:
        check_folders(fitted_folder())
    targets = [get_target(name) for name in accelerator]
    if fit or refine:
        for chosen in targets:
            most = max(budget + general, to_learn_from(results / f"{chosen.name}.parquet", chosen))
            if most < FEWEST_NETWORKS:
                raise HardwareInputError(
                    f"--{'fit' if fit else 'refine'} with {most} networks to learn from (--budget and --general, or "
                    f"what is measured already); allowed: {FEWEST_NETWORKS} and more"
                )
    for chosen in targets:
        path, of_parts = results / f"{chosen.name}.parquet", results / f"{chosen.name}-parts.parquet"
        if isinstance(chosen, Device):
            _look(chosen, outlook(path, chosen, **counts, parts=of_parts if parts else None))
        measure_sets(path, chosen, **counts)
        if parts:
            measure_parts(of_parts, chosen, test)
        if fit:
            file = fitted_folder() / f"{chosen.name}.npz"
            kept = fit_to(path, chosen, file)
            print(f"estimator of {chosen.name} written to {file}; accelnas uses it from now on, delete it to go back")
            if held_share(kept) < COVERED:
                print(
                    f"its standard deviations are set on {kept} networks, a tenth of those to learn from: two hold "
                    f"{held_share(kept):.1%} of networks at best, and {COVERED:.0%} where there are 190 to learn from"
                )


def _look(device: Device, seen: Outlook) -> None:
    """Say what is to come, and on stderr where times are not to be trusted."""
    print(
        f"{device.name} ({device.kind}, JAX {device.jax_version}): {seen.missing} networks to time, about "
        f"{max(seen.minutes, 1 if seen.missing else 0):.0f} minutes; interrupt and go on at will"
    )
    if seen.unsteadiness > _UNSTEADY:
        report(
            f"one convolution's times differ by {seen.unsteadiness:.0%} from turn to turn: something else keeps this "
            "machine busy, and an estimator fitted to such times learns that too"
        )
