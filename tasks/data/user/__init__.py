"""Data sets that people bring: folders, annotations, masks, prepared builders, Python files, as the suite's arrays."""
