"""Trials and tables in files."""
