{{ config(enabled=var('claude_analytics__using_artifacts_by_product')) }}

{{ claude_analytics.claude_current_rows('artifacts_by_product', ['date', 'artifact_type', 'is_shared', 'product'], [
    ('date', 'date', 'date'),
    ('artifact_type', 'artifact_type', 'text'),
    ('is_shared', 'is_shared', 'boolean'),
    ('product', 'product', 'text'),
    ('artifacts_created_count', 'artifacts_created_count', 'bigint'),
    ('distinct_user_count', 'distinct_user_count', 'bigint'),
    ('published_artifacts_created_count', 'published_artifacts_created_count', 'bigint'),
    ('snapshot_at', 'snapshot_at', 'timestamp'),
    ('additional_fields', 'additional_fields', 'text'),
]) }}
