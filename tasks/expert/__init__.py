"""The expert in the loop: rules that rewrite an architecture for its accelerator, judged by a cost model alone."""
