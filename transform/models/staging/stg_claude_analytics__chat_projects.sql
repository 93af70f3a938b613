{{ claude_analytics.claude_current_rows('chat_projects', ['date', 'project_id'], [
    ('date', 'date', 'date'),
    ('project_id', 'project_id', 'text'),
    ('created_at', 'created_at', 'timestamp'),
    ('created_by__email_address', 'created_by__email_address', 'text'),
    ('created_by__id', 'created_by__id', 'text'),
    ('created_by__type', 'created_by__type', 'text'),
    ('distinct_conversation_count', 'distinct_conversation_count', 'bigint'),
    ('distinct_user_count', 'distinct_user_count', 'bigint'),
    ('message_count', 'message_count', 'bigint'),
    ('project_name', 'project_name', 'text'),
    ('snapshot_at', 'snapshot_at', 'timestamp'),
    ('additional_fields', 'additional_fields', 'text'),
]) }}
