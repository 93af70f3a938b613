{{ claude_analytics.claude_current_rows('members', ['date', 'user_id'], [
    ('date', 'date', 'date'),
    ('user_id', 'user_id', 'text'),
    ('added_at', 'added_at', 'timestamp'),
    ('email', 'email', 'text'),
    ('name', 'name', 'text'),
    ('role', 'role', 'text'),
    ('type', 'type', 'text'),
    ('snapshot_at', 'snapshot_at', 'timestamp'),
    ('additional_fields', 'additional_fields', 'text'),
]) }}
