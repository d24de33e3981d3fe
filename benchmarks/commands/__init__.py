"""One module for each subcommand of accelnas."""
