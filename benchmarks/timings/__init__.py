"""Figures of a machine, never of a method."""
