"""The tasks' skeletons: what fusing single blocks and width multipliers change, compiled whole."""
