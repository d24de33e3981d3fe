"""A parametric accelerator, for chips that do not exist."""
