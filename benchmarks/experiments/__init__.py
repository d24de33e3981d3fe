"""One module for each experiment: its settings, what it runs, its table and its plots."""
