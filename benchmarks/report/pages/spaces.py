"""How large the spaces are, and what auto-curation keeps."""

from __future__ import annotations

from pathlib import Path

from benchmarks.markdown import rows, table


def page(folder: Path) -> str:
    """The page's Markdown."""
    header = ("task", "space", "accelerator", "decisions", "log10 of genotypes", "multiples of")
    header += ("choices of channels", "different ones", "seconds to make it")
    lines = [
        [
            row["task"],
            row["space"],
            row["accelerator"],
            str(row["decisions"]),
            f"{row['log10_size']:.1f}",
            str(row["factor"]),
            f"{row['channel_genotypes']:,}",
            f"{row['channel_settings']:,}",
            f"{row['seconds']:.2g}",
        ]
        for row in rows(folder / "spaces.csv")
    ]
    return f"""\
[docs/reference/spaces.md](../reference/spaces.md) says what the spaces are.  Sizes count genotypes.  Several width
multipliers can round to the same channels, so the "different ones" are fewer than the choices; "multiples of" is what
all channels really are multiples of: in a curated space the accelerator's parallelism factor.

{table(header, lines)}
[Which channels auto-curation keeps](../../results/spaces/spaces.csv) is the last column of the file.
"""
