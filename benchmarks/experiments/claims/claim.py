"""A claim of the article: where it says so, its figure, the rule that evaluates, and what answers here.

The article: "Optimizing neural networks for special-purpose hardware", Amazon Science.  Places are its headings and the
sentence's beginning.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from benchmarks.experiments.claims.figures import Source, at_equal_quality
from benchmarks.experiments.claims.rules import Rule

DETECTION, SEGMENTATION = "detection/detection.csv", "segmentation/segmentation.csv"
CLASSIFICATION, ESTIMATOR = "classification/classification.csv", "estimator/estimator.csv"
SAVED = "per cent of latency saved"
UNSAID = "that the quality must be kept is ours, as the article says it of section 1 alone"
"""Why networks are judged at equal quality in a row of another section."""


class Claim(NamedTuple):
    """One claim."""

    name: str
    """What is claimed, in a few words."""
    place: str
    """Heading, and how the sentence begins."""
    article: float
    """Its figure; NaN where it gives a direction alone, or none that could be met."""
    rule: Rule
    """What evaluates it."""
    source: Source
    """What was found here."""
    files: str
    """The CSVs that the source reads, below results."""
    begins: float = math.nan
    """Where the direction that it gives begins, ours to say; NaN where it gives a size, or none that could be met."""
    why: str = ""
    """Why this is the fair reading of the sentence; empty where it is plain."""


def reach(name: str, place: str, article: float, file: str, *models: str, most: bool = False, why: str = "") -> Claim:
    """That models of a table save so many per cent of latency at equal quality, the best of them on an accelerator.

    most: on the best accelerator, else the mean over accelerators.
    """
    return Claim(name, place, article, "reach", at_equal_quality({file: models}, SAVED, most=most), file, why=why)
