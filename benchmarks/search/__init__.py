"""Searches on the tasks, and what they need to know of a space."""
