"""An estimator learned from measured networks."""
