{{ claude_analytics.claude_current_rows('invites', ['date', 'invite_id'], [
    ('date', 'date', 'date'),
    ('invite_id', 'invite_id', 'text'),
    ('accepted_at', 'accepted_at', 'timestamp'),
    ('email', 'email', 'text'),
    ('expires_at', 'expires_at', 'timestamp'),
    ('invited_at', 'invited_at', 'timestamp'),
    ('rbac_group_ids', 'rbac_group_ids', 'text'),
    ('role', 'role', 'text'),
    ('status', 'status', 'text'),
    ('type', 'type', 'text'),
    ('snapshot_at', 'snapshot_at', 'timestamp'),
    ('additional_fields', 'additional_fields', 'text'),
]) }}
