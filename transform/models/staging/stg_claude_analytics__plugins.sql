{{ claude_analytics.claude_current_rows('plugins', ['date', 'plugin_key'], [
    ('date', 'date', 'date'),
    ('plugin_key', 'plugin_key', 'text'),
    ('chat_cowork_unified_metrics__distinct_session_plugin_used_count', 'unified_distinct_session_plugin_used_count', 'bigint'),
    ('claude_code_metrics__distinct_session_plugin_used_count', 'claude_code_distinct_session_plugin_used_count', 'bigint'),
    ('cowork_metrics__distinct_session_plugin_used_count', 'cowork_distinct_session_plugin_used_count', 'bigint'),
    ('distinct_user_count', 'distinct_user_count', 'bigint'),
    ('install_count', 'install_count', 'bigint'),
    ('invocation_count', 'invocation_count', 'bigint'),
    ('plugin_id', 'plugin_id', 'text'),
    ('plugin_name', 'plugin_name', 'text'),
    ('snapshot_at', 'snapshot_at', 'timestamp'),
    ('additional_fields', 'additional_fields', 'text'),
]) }}
