{{ claude_analytics.claude_current_rows('artifacts', ['date', 'artifact_type', 'is_shared'], [
    ('date', 'date', 'date'),
    ('artifact_type', 'artifact_type', 'text'),
    ('is_shared', 'is_shared', 'boolean'),
    ('artifacts_created_count', 'artifacts_created_count', 'bigint'),
    ('distinct_user_count', 'distinct_user_count', 'bigint'),
    ('published_artifacts_created_count', 'published_artifacts_created_count', 'bigint'),
    ('snapshot_at', 'snapshot_at', 'timestamp'),
    ('additional_fields', 'additional_fields', 'text'),
]) }}
