"""What a Ray cluster costs and withstands."""
