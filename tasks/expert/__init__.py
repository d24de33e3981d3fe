"""The expert in the loop: rules that rewrite an architecture for its accelerator, evaluated by a cost model alone."""
