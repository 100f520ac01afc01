"""The demonstration: what a first run shows."""

from linker.demo.run import RECIPE, Found, run_demo, sample_notes

__all__ = ["RECIPE", "Found", "run_demo", "sample_notes"]
