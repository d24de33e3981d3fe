"""`accelnas curate-compare`: a space of one's own among curated, uncurated and control spaces, on a trained table."""

from __future__ import annotations

from pathlib import Path

import tyro

from benchmarks.home import check_folders


def curate_compare(
    space: tyro.conf.Positional[str],
    task: str = "detection",
    accelerator: str = "ethos-u65-512",
    against: tuple[str, ...] = ("curated", "uncurated", "random-subset"),
    strategy: str = "regularised_evolution",
    evaluations: int = 100,
    searches: int = 200,
    results: Path = Path("results"),
) -> None:
    """Is a space easier to search than others?  Nothing is trained: quality is the trained table's, minutes at most.

    Each space is searched for the highest quality within the baseline's latency and for the least latency at the
    baseline's quality; one that finds nothing faster there keeps the baseline.  Writes
    RESULTS/curate-compare-.../curation.csv, columns as in results/curation/curation.csv.

    Args:
        space: FILE.py that defines SPACE over the task's skeleton (examples/my_channels.py), or a space of the task.
        task: classification, detection or segmentation.
        accelerator: A name that `accelnas list` prints, of known parallelism factor.
        against: Of curated, auto-curated, uncurated, random-subset and shifted.
        strategy: One for a single objective that `accelnas list` prints, or FILE.py.
        evaluations: Networks that each search may look at.
        searches: Searches of each space for each aim, shared out over up to ten random subsets; a subset with one
            search has no spread (nan), so give 20 and more with random-subset.
        results: Directory that tables are written to.
    """
    check_folders(results)
    # jax and pandas take seconds to load, which `accelnas --help` need not pay
    from benchmarks.experiments.curation.own import compare_spaces

    compare_spaces(task, space, accelerator, against, strategy, evaluations, searches, results)
