"""What the spaces hold."""
