"""How good is a genotype, and what does knowing cost?"""
