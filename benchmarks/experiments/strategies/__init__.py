"""The multi-shot strategies on tabulated spaces."""
