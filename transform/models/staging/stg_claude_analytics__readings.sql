{{ claude_analytics.claude_current_rows('readings', ['stream', 'date'], [
    ('date', 'date', 'date'),
    ('stream', 'stream', 'text'),
    ('is_complete', 'is_complete', 'boolean'),
    ('row_count', 'row_count', 'bigint'),
    ('snapshot_at', 'snapshot_at', 'timestamp'),
]) }}
