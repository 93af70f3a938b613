"""Singer tap for the Claude Enterprise Analytics API."""
