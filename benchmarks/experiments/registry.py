"""Every experiment and timing by name: what `accelnas reproduce` lists and runs."""

from __future__ import annotations

from types import MappingProxyType

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.experiment import Experiment

EXPERIMENTS: MappingProxyType[str, Experiment] = MappingProxyType(
    {
        each.name: each
        for each in (
            Experiment(
                "detection",
                "the article's first table: width multipliers, fusion and both, searched on three accelerators",
                0.5,
                "detection",
                (
                    "detection.csv",
                    "detection_trials.csv",
                    "detection_fusion.csv",
                    "detection.md",
                    "detection.png",
                    "scenes.png",
                ),
                "benchmarks.experiments.detection.report",
            ),
            Experiment(
                "head_to_head",
                "families of search at equal spend on the trained tables, a thousand searches each",
                0.3,
                "head_to_head",
                (
                    *("head_to_head.csv", "head_to_head_curves.csv", "head_to_head_differences.csv"),
                    *("head_to_head_ledger.csv", "head_to_head_winners.csv", "head_to_head.png"),
                ),
                "benchmarks.experiments.head_to_head.run",
            ),
            Experiment(
                "curation",
                "whether curated spaces are easier to search by cost, and why",
                1.0,
                "curation",
                ("curation.csv", "curation.png"),
                "benchmarks.experiments.curation.run",
            ),
            Experiment(
                "curation_trained",
                "the same spaces searched with trainings",
                1.0,
                "curation",
                ("curation_trained.csv",),
                "benchmarks.experiments.curation.trained",
            ),
            Experiment(
                "landscape",
                "how MACs, latency, and latency at curated channels change with the channels of two layers",
                0.2,
                "landscape",
                ("landscape.csv", "landscape_walks.csv", "landscape_steps.csv", "landscape.png"),
                "benchmarks.experiments.landscape.run",
                chooses_rows=("compiled",),
            ),
            Experiment(
                "single_shot",
                "how supernets rank architectures against trainings from scratch",
                3.0,
                "single_shot",
                ("single_shot.csv",),
                "benchmarks.experiments.single_shot.run",
                chooses_rows=("task", "algorithm"),
            ),
            Experiment(
                "zero_shot",
                "how scores of untrained networks rank architectures",
                1.5,
                "zero_shot",
                ("zero_shot.csv", "zero_shot_scores.csv", "zero_shot.png"),
                "benchmarks.experiments.zero_shot.run",
                chooses_rows=("task", "correlate_only"),
            ),
            Experiment(
                "strategies",
                "what the strategies find on tabulated spaces beside pymoo, Optuna and Syne Tune, and how fast",
                6.0,
                "strategies",
                ("regret.csv", "hypervolume.csv", "speed.csv"),
                "benchmarks.experiments.strategies.run",
                chooses_rows=("nas_bench_macro", "strategies", "peers", "speed"),
            ),
            Experiment(
                "expert",
                "what an expert's rewrite rules save on each task's baseline, step by step",
                0.2,
                "expert",
                ("expert.csv",),
                "benchmarks.experiments.expert.run",
            ),
            Experiment(
                "fidelity",
                "how well a short training ranks what a longer one ranks, and the noise between seeds",
                2.0,
                "fidelity",
                ("fidelity.csv", "fidelity_trials.csv", "fidelity.png"),
                "benchmarks.experiments.fidelity.run",
                chooses_rows=("task",),
            ),
            Experiment(
                "fidelity_recipes",
                "how well the tables' recipe search ranks what their recipe final ranks",
                0.02,
                "fidelity",
                ("recipes.csv",),
                "benchmarks.experiments.fidelity.recipes",
            ),
            Experiment(
                "learning_rate",
                "at which learning rate a short training tells architectures apart from seeds",
                0.4,
                "fidelity",
                ("learning_rate.csv",),
                "benchmarks.experiments.fidelity.learning_rate",
                chooses_rows=("task", "rates"),
            ),
            Experiment(
                "baselines",
                "quality and cost of what each task's search starts from",
                0.3,
                "baselines",
                ("baselines.csv", "predictions_detection.png", "predictions_segmentation.png"),
                "benchmarks.experiments.baselines.run",
                chooses_rows=("dataset", "accelerators"),
            ),
            Experiment(
                "controls",
                "what tasks give without looking, and by neighbours or averages: what networks must beat",
                0.1,
                "controls",
                ("controls.csv",),
                "benchmarks.experiments.controls.run",
                chooses_rows=("dataset",),
            ),
            Experiment(
                "agreement",
                "whether networks trained at once on an accelerator end where those trained alone on a CPU end",
                0.02,
                "tables",
                ("agreement.csv",),
                "benchmarks.experiments.agreement.run",
            ),
            Experiment(
                "recipes",
                "what the recipes of the trained tables were chosen by, and what twice the passes add",
                0.02,
                "tables",
                ("recipe_sweep.csv", "recipes.csv"),
                "benchmarks.experiments.recipes.run",
            ),
            Experiment(
                "surrogate",
                "how well surrogates fitted to the trained tables predict networks they were not fitted to",
                0.1,
                "surrogate",
                ("surrogate.csv", "surrogate.png", "classification.npz", "detection.npz", "segmentation.npz"),
                "benchmarks.experiments.surrogate.run",
                chooses_rows=("task",),
            ),
            Experiment(
                "truth",
                "the best networks of each space by the trained tables, exact where it is enumerated",
                0.2,
                "truth",
                ("truth.csv",),
                "benchmarks.experiments.truth.run",
            ),
            Experiment(
                "optimisers_curse",
                "what networks that the surrogates think best come to when trained",
                0.02,
                "optimisers_curse",
                ("optimisers_curse.csv",),
                "benchmarks.experiments.optimisers_curse.run",
            ),
            Experiment(
                "skeletons",
                "what the skeletons were chosen by: latency of baselines and single changes, compiled whole",
                0.05,
                "skeletons",
                ("skeletons.csv", "channel_sweep.csv"),
                "benchmarks.experiments.skeletons.run",
            ),
            Experiment(
                "spaces",
                "how large the spaces are, and what auto-curation keeps",
                0.1,
                "spaces",
                ("spaces.csv",),
                "benchmarks.experiments.spaces.run",
            ),
            Experiment(
                "estimator",
                "errors of the learned estimator, of analytic models, of MACs, and of sums of parts",
                0.2,
                "estimator",
                ("estimator.csv", "estimator_error.png", "estimator_scatter.png", "channel_sweep.png"),
                "benchmarks.experiments.estimator.run",
                chooses_rows=("accelerator", "measured"),
            ),
            Experiment(
                "cost_speed",
                "networks a second of every way to cost them",
                0.1,
                "timings",
                ("cost_speed.csv",),
                "benchmarks.timings.cost",
            ),
            Experiment(
                "training_speed",
                "images a second in training, beside PyTorch where --set peer=PYTHON names one that has it",
                0.5,
                "timings",
                ("training_speed.csv",),
                "benchmarks.timings.training",
                chooses_rows=("peer",),
            ),
            Experiment(
                "training_profile",
                "where a training step's milliseconds go",
                0.1,
                "timings",
                ("training_profile.csv",),
                "benchmarks.timings.training_profile",
            ),
            Experiment(
                "candidates_at_once",
                "candidates trained one by one and many at once through the supernet",
                0.2,
                "timings",
                ("candidates_at_once.csv",),
                "benchmarks.timings.candidates_at_once",
                chooses_rows=("task", "at_once"),
            ),
            Experiment(
                "store_speed",
                "how long a store of a million trials takes to open, look up, list and export",
                0.5,
                "timings",
                ("store.csv",),
                "benchmarks.timings.store",
                chooses_rows=("rows",),
            ),
            Experiment(
                "supernet_speed",
                "what weight sharing costs and saves in compiling, training and scoring",
                0.1,
                "timings",
                ("supernet_speed.csv",),
                "benchmarks.timings.supernet",
            ),
            Experiment(
                "bad_inputs",
                "what the command line makes of ten thousand inputs that nothing can work with",
                0.2,
                "bad_inputs",
                ("bad_inputs.csv",),
                "benchmarks.experiments.bad_inputs.run",
            ),
            Experiment(
                "disturbance",
                "what becomes of a search that is killed fifty times at random moments",
                0.5,
                "disturbance",
                ("disturbance.csv",),
                "benchmarks.experiments.disturbance.run",
            ),
        )
    }
)
MAIN_JOB = ("detection", "head_to_head")
"""What `accelnas reproduce` runs when no name is given."""


def find_experiments(names: tuple[str, ...]) -> list[Experiment]:
    """Those of these names.  Raises BenchmarkInputError for one that there is not."""
    unknown = [name for name in names if name not in EXPERIMENTS]
    if unknown:
        raise BenchmarkInputError(f"unknown experiment {unknown[0][:60]!r}; allowed: {', '.join(EXPERIMENTS)}")
    return [EXPERIMENTS[name] for name in dict.fromkeys(names)]
