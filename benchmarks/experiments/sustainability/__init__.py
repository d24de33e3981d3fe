"""What searching and inference cost in energy, with every factor shown."""
