"""On the path of every Python whose clock is shifted."""
