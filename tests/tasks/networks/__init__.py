"""Tests of tasks.networks."""
