{{ claude_analytics.claude_current_rows('artifacts_by_user', ['date', 'artifact_type', 'is_shared', 'user_id'], [
    ('date', 'date', 'date'),
    ('artifact_type', 'artifact_type', 'text'),
    ('is_shared', 'is_shared', 'boolean'),
    ('user_id', 'user_id', 'text'),
    ('artifacts_created_count', 'artifacts_created_count', 'bigint'),
    ('distinct_user_count', 'distinct_user_count', 'bigint'),
    ('published_artifacts_created_count', 'published_artifacts_created_count', 'bigint'),
    ('snapshot_at', 'snapshot_at', 'timestamp'),
    ('additional_fields', 'additional_fields', 'text'),
]) }}
