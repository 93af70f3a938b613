"""Kill the tap or its target, and see whether anything is lost."""
