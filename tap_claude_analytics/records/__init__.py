"""From the rows of a day to records: pure functions that know neither HTTP nor state.

A row keeps the names and the nesting of the API. It gets the columns of its record, money
as exact numbers, its key, and ``additional_fields`` for what the schema does not know.
"""
