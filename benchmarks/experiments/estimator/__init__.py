"""How good is the estimator?"""
