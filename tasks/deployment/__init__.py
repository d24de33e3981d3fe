"""Trained networks as .tflite files: quantised to int8, and run as a board without an NPU runs them."""
