"""Baselines and winners as int8 files: what they are good for, and what their trained weights cost."""
