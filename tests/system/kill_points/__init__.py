"""Kill the tap or its target at random moments, and see whether anything is lost."""
