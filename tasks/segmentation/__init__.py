"""Segmentation: which class each pixel belongs to."""
