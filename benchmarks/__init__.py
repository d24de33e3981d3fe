"""Where tasks, cost models and algorithms meet: experiments, the trial store, tables, plots and the command line."""
