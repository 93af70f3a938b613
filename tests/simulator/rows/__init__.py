"""The rows of each endpoint: a builder takes the company and a day."""
