"""How the days of a family of streams are read; one module per family.

A source plans which days to read, asks for them, and cuts the answers into `Day` values.
"""
