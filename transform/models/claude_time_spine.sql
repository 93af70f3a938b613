{{ config(materialized='table') }}

select {{ claude_analytics.claude_add_days("cast('2026-01-01' as date)", 'generated_number - 1') }} as date_day
from ({{ dbt.generate_series(7305) }}) as numbers
