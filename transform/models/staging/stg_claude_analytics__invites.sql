{{ claude_analytics.claude_current_rows('invites', ['date', 'invite_id'], [
    ('date', 'date', 'date'),
    ('invite_id', 'invite_id', 'text'),
    ('accepted_at', 'accepted_at', 'timestamp'),
    ('email', 'email', 'text'),
    ('expires_at', 'expires_at', 'timestamp'),
    ('invited_at', 'invited_at', 'timestamp'),
    ('role', 'role', 'text'),
    ('status', 'status', 'text'),
    ('snapshot_at', 'snapshot_at', 'timestamp'),
]) }}
