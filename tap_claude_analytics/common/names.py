"""Names of fields that several rooms use."""

DATE = "date"
SNAPSHOT_AT = "snapshot_at"
#: Where rows of summaries and reports have their time.
STARTING_AT = "starting_at"
#: The team of a row, and what selects teams in a request.
TEAM = "rbac_group_id"
#: Where fields are kept that the schema does not know.
ADDITIONAL_FIELDS = "additional_fields"
