"""Scripts that the Python beside a target runs, each on its own."""
