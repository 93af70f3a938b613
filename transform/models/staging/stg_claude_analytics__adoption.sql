{{ claude_analytics.claude_current_rows('adoption', ['date', 'product'], [
    ('date', 'date', 'date'),
    ('product', 'product', 'text'),
    ('assigned_seat_count', 'assigned_seat_count', 'bigint'),
    ('daily_active_user_count', 'daily_active_user_count', 'bigint'),
    ('daily_adoption_rate', 'daily_adoption_rate', 'ratio'),
    ('monthly_active_user_count', 'monthly_active_user_count', 'bigint'),
    ('monthly_adoption_rate', 'monthly_adoption_rate', 'ratio'),
    ('weekly_active_user_count', 'weekly_active_user_count', 'bigint'),
    ('weekly_adoption_rate', 'weekly_adoption_rate', 'ratio'),
    ('snapshot_at', 'snapshot_at', 'timestamp'),
]) }}
