"""Networks that were trained and kept: their folder, their .tflite files, and what they see in an image."""
