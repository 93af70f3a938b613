"""The endpoints that say who is there, in which team, and what they may spend."""
