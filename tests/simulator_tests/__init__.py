"""The simulator itself, and what the official package says of it."""
