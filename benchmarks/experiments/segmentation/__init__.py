"""Five segmentation networks of a Pareto set, faster than the baseline at its quality."""
