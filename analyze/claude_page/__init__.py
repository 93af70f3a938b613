"""One HTML page of adoption, use and cost, made from the marts of the dbt package.

`database` reads rows, the other modules turn rows into figures and charts, `page` writes them.
"""
