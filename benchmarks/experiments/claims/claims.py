"""What the article claims: where it says so, its figure, the rule that evaluates, and what answers here.

The article: "Optimizing neural networks for special-purpose hardware", Amazon Science.  Places are its headings and the
sentence's beginning.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from benchmarks.experiments.claims import figures as found
from benchmarks.experiments.claims.rules import Rule

DETECTION, SEGMENTATION, CLASSIFICATION = (
    f"{task}/{task}.csv" for task in ("detection", "segmentation", "classification")
)
CURATION, SCORES, ESTIMATOR = "curation/curation.csv", "zero_shot/zero_shot.csv", "estimator/estimator.csv"
LEDGER, DIFFERENCES = "head_to_head/head_to_head_ledger.csv", "head_to_head/head_to_head_differences.csv"
RESULTS = "Results and product impact"
CURATING = "Search space curation"
EXPERT = "Productizing NAS with expert-in-the-loop"
KINDS = "Varieties of neural-architecture search"


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
    source: found.Source
    """What was found here."""
    files: str
    """The CSVs that the source reads, below results."""
    begins: float = math.nan
    """Where the direction that it gives begins, ours to say; NaN where it gives a size, or none that could be met."""


def _reach(name: str, place: str, article: float, file: str, *models: str) -> Claim:
    return Claim(name, place, article, "reach", found.reductions(file, models), file)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "latency falls by as much as 55%",
        "Introduction: In experiments involving several different machine learning tasks",
        55.0,
        "reach",
        found.largest_reduction,
        f"{DETECTION} {SEGMENTATION}",
    ),
    Claim(
        "more MACs can take less time",
        "Introduction: But this approach doesn't work with neural chips",
        math.nan,
        "above",
        found.fused_early,
        "skeletons/skeletons.csv",
        begins=0.0,
    ),
    Claim(
        "MACs do not order networks by latency (tau below .8)",
        "Introduction: The standard way to optimize a neural network",
        math.nan,
        "below",
        found.column(
            ESTIMATOR, "kendall_tau", "compiled", "Kendall's tau of MACs and latency", method="macs", set="general"
        ),
        ESTIMATOR,
        begins=0.8,
    ),
    Claim(
        "multi-shot search takes up to 2,000 GPU-days",
        "Making edge AI sustainable: We mentioned earlier that multishot NAS",
        math.nan,
        "below",
        found.gpu_days,
        LEDGER,
    ),
    Claim(
        "a supernet's training takes much longer than a network's",
        f"{KINDS}: Single-shot methods are designed to be trained only once",
        math.nan,
        "above",
        found.column(
            "single_shot/single_shot.csv",
            "cost_in_trainings",
            "trained",
            "FLOPs of a search in trainings of one network, at a spend of passes that was set",
        ),
        "single_shot/single_shot.csv",
    ),
    Claim(
        "scores of untrained networks are very cheap",
        f"{KINDS}: Zero-shot methods are the fastest to converge",
        math.nan,
        "above",
        found.score_speed,
        f"{SCORES} tables/recipes.csv",
        begins=1.0,
    ),
    Claim(
        "trainability may not correlate well with accuracy (tau below .5)",
        f"{KINDS}: The downside is that the trainability",
        math.nan,
        "below",
        found.column(
            SCORES,
            "kendall_tau",
            "trained",
            "Kendall's tau of trainability and quality, by task",
            score="az_trainability",
        ),
        SCORES,
        begins=0.5,
    ),
    Claim(
        "accelerator-aware cost goes up and down where MACs go one way",
        f"{CURATING}: However, the inclusion of accelerator-aware constraints",
        math.nan,
        "above",
        found.falling_steps,
        CURATION,
        begins=0.0,
    ),
    Claim(
        "the curated space is more monotone",
        f"{CURATING}: During the optimization process, they resulted in",
        math.nan,
        "above",
        found.fewer_falling_steps,
        CURATION,
        begins=0.0,
    ),
    Claim(
        "searches of the curated space converge faster",
        f"{CURATING}: During the optimization process, they resulted in a faster convergence rate",
        math.nan,
        "above",
        found.curated_gain(
            *("expected_evaluations", ("expected_low", "expected_high"), True),
            "fewer evaluations until within 5% of the best known, curated than uncurated",
        ),
        CURATION,
        begins=0.0,
    ),
    Claim(
        "searches of the curated space are more stable",
        f"{CURATING}: During the optimization process, they resulted in (stability)",
        math.nan,
        "above",
        found.steadier,
        CURATION,
        begins=0.0,
    ),
    Claim(
        "searches of the curated space are more reliable",
        f"{CURATING}: During the optimization process, they resulted in (reliability)",
        math.nan,
        "above",
        found.curated_gain(
            *("success_rate", ("success_low", "success_high"), False),
            "more of the searches end within 5% of the best known, curated than uncurated",
        ),
        CURATION,
        begins=0.0,
    ),
    Claim(
        "a regression on parts, accumulated, gives the model's latency (better than MACs do)",
        f"{CURATING}: At inference time, the estimator would decompose",
        math.nan,
        "above",
        found.paired(
            *(
                ESTIMATOR,
                "kendall_tau",
                ("accelerator", "set"),
                {"method": "estimator", "set": "general"},
                {"method": "macs", "set": "general"},
            ),
            *("compiled", "Kendall's tau with compiled latency, estimator less MACs"),
        ),
        ESTIMATOR,
        begins=0.0,
    ),
    Claim(
        "fusing blocks contributes more than channels",
        f"{EXPERT}: In particular, fusing convolution layers in inverted bottleneck",
        math.nan,
        "above",
        found.saves_more("V2", "V1"),
        DETECTION,
        begins=0.0,
    ),
    _reach(
        "fusion alone, by the expert, saves up to 50%",
        f"{EXPERT}: With just these modifications",
        50.0,
        DETECTION,
        "Fusion only",
    ),
    _reach(
        "a fully converged search saves 53%",
        f"{EXPERT}: whereas a fully converged NAS model",
        53.0,
        DETECTION,
        "Full NAS",
    ),
    Claim(
        "the full search is better than fusion alone",
        f"{EXPERT}: whereas a fully converged NAS model would yield a slightly better",
        math.nan,
        "above",
        found.saves_more("Full NAS", "Fusion only"),
        DETECTION,
        begins=0.0,
    ),
    Claim(
        "where time is tight, an expert in the loop is faster than a search from scratch",
        "Future work: in situations where time is tight",
        math.nan,
        "above",
        found.against_random("genetic", 10),
        DIFFERENCES,
    ),
    Claim(
        "a detector's network is not easy to transfer to classification (quality lost as it is)",
        f"{EXPERT}: NAS results for a detector model, for instance",
        math.nan,
        "below",
        found.transferred("classification"),
        "transfer/transfer.csv",
        begins=0.0,
    ),
    _reach("V1, multipliers alone, saves 14%", f"{RESULTS} 1: table, V1", 14.0, DETECTION, "V1"),
    _reach("V2, fusion alone, saves 35%", f"{RESULTS} 1: table, V2", 35.0, DETECTION, "V2"),
    _reach("V3, both, saves 53%", f"{RESULTS} 1: Our V3 model improved the latency", 53.0, DETECTION, "V3"),
    Claim(
        "both together save more than their parts",
        f"{RESULTS} 1: table, V1 to V3 (53% against 44% of independent parts)",
        8.9,
        "reach",
        found.interaction,
        DETECTION,
    ),
    Claim(
        "fusing late, larger layers hurts",
        f"{RESULTS} 1: The later layers are larger",
        math.nan,
        "below",
        found.fused_late,
        "skeletons/skeletons.csv",
        begins=0.0,
    ),
    Claim(
        "where fusion was selected, MACs increase",
        f"{RESULTS} 1: For the layers where fusion was selected, the FLOPs",
        math.nan,
        "above",
        found.macs_of_fusion,
        DETECTION,
        begins=0.0,
    ),
    Claim(
        "the expert's changes cut model size by 47%",
        f"{RESULTS} 2: With these changes, model developers (model size)",
        47.0,
        "reach",
        found.column(
            CLASSIFICATION,
            "param_reduction_pct",
            "compiled",
            "per cent less parameters, by accelerator, whatever the accuracy",
            model="Expert",
        ),
        CLASSIFICATION,
    ),
    Claim(
        "the expert's changes cut intermediate memory by 47%",
        f"{RESULTS} 2: With these changes, model developers (intermediate memory)",
        47.0,
        "reach",
        found.column(
            CLASSIFICATION,
            "peak_reduction_pct",
            "compiled",
            "per cent less peak activations, by accelerator, whatever the accuracy",
            model="Expert",
        ),
        CLASSIFICATION,
    ),
    Claim(
        "the model fits the budget after search and expert (share of accelerators)",
        f"{RESULTS} 2: fit the model within the required budget",
        math.nan,
        "above",
        found.column(
            CLASSIFICATION,
            "budget_met",
            "compiled",
            "share of accelerators on which the budget is kept, whatever the accuracy",
            model="Expert then NAS",
        ),
        CLASSIFICATION,
        begins=0.5,
    ),
    *(
        _reach(
            f"segmentation, model {letter} saves {pct:g}%",
            f"{RESULTS} 3: figure, model {letter}",
            pct,
            SEGMENTATION,
            f"Model {letter}",
        )
        for letter, pct in zip("ABCDE", (27.0, 37.0, 38.0, 41.0, 51.0), strict=True)
    ),
    Claim(
        "larger, more accurate models fit with no hit on latency (more accurate)",
        f"{RESULTS} 4: In our NAS work, we discovered that even larger",
        math.nan,
        "above",
        found.larger_at_equal_latency,
        "iso_latency/iso_latency.csv",
        begins=0.0,
    ),
    Claim(
        "larger, more accurate models fit with no hit on latency (larger)",
        f"{RESULTS} 4: In our NAS work, we discovered that even larger models",
        math.nan,
        "above",
        found.column(
            *(
                "iso_latency/iso_latency.csv",
                "param_bytes_ratio",
                "compiled",
                "parameters over the baseline's at its latency",
            ),
            model="Best at the baseline's latency",
        ),
        "iso_latency/iso_latency.csv",
        begins=1.0,
    ),
    Claim(
        "speech is recognised on the device",
        f"{RESULTS} 4: For example, the Amazon Neural Engine has enabled Alexa",
        math.nan,
        "reach",
        found.nothing,
        "",
    ),
    Claim(
        "the difference to a CPU is millions of kWh a year for a million users",
        "Making edge AI sustainable: For a million average users",
        math.nan,
        "reach",
        found.users_kwh,
        "sustainability/sustainability.csv",
    ),
)
