"""What every other room may use: the clock, days, errors, progress and text for logs.

It imports nothing from the rest of the package.
"""
