{{ claude_analytics.claude_current_rows('team_members', ['date', 'rbac_group_id', 'user_id'], [
    ('date', 'date', 'date'),
    ('rbac_group_id', 'rbac_group_id', 'text'),
    ('user_id', 'user_id', 'text'),
    ('created_at', 'created_at', 'timestamp'),
    ('email', 'email', 'text'),
    ('type', 'type', 'text'),
    ('snapshot_at', 'snapshot_at', 'timestamp'),
    ('additional_fields', 'additional_fields', 'text'),
]) }}
