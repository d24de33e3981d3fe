"""What Arm's compiler says: blocks written as .tflite, compiled in process, and kept."""
