"""What the recipes of the tables were chosen by, and how near to convergence they are."""
