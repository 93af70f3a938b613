"""Functions and classes by themselves: no server, no process."""
