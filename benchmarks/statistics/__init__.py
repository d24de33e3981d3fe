"""Intervals and rank correlations."""
