"""What becomes of the networks that the tables' surrogates think best, once they are trained."""
