"""The command line: options, files, sentences instead of tracebacks, about, and test.

The functions here are given what they need; only `connection_test` knows streams.
"""
