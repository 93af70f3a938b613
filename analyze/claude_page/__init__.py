"""One HTML page of adoption, use and cost, made from the marts of the dbt package.

`database` and `marts` read rows, the other modules turn rows into figures and charts, and
`page` writes them.
"""
