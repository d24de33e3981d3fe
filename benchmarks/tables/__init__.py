"""Trained tables: which architectures of a task are trained, and how."""
