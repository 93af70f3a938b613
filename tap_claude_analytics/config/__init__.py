"""The settings: their JSON schema, the checks that it cannot express, and typed values.

This room knows nothing of HTTP, days or streams.
"""
