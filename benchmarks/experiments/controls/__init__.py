"""What tasks give without a network."""
