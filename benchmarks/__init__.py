"""Whole commands timed side by side: `python -m benchmarks`."""
