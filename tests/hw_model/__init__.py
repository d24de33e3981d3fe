"""Tests of hw_model."""
