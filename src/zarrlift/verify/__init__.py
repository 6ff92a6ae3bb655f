"""Independent evidence that a target holds what its source holds."""
