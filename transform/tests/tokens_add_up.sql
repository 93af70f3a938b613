-- All tokens are the five kinds of them.
select organization, date
from {{ ref('claude_spend_daily') }}
where total_tokens
    <> uncached_input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens + output_tokens
