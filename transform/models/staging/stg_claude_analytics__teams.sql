{{ claude_analytics.claude_current_rows('teams', ['date', 'rbac_group_id'], [
    ('date', 'date', 'date'),
    ('rbac_group_id', 'rbac_group_id', 'text'),
    ('created_at', 'created_at', 'timestamp'),
    ('name', 'name', 'text'),
    ('role_ids', 'role_ids', 'text'),
    ('source_type', 'source_type', 'text'),
    ('type', 'type', 'text'),
    ('updated_at', 'updated_at', 'timestamp'),
    ('snapshot_at', 'snapshot_at', 'timestamp'),
    ('additional_fields', 'additional_fields', 'text'),
]) }}
