"""How zero-shot scores rank architectures."""
