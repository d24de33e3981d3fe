"""An expert's rules applied to networks step by step."""
