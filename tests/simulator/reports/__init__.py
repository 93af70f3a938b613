"""The six reports on token usage and cost, all summed from one set of facts."""
