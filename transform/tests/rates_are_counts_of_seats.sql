-- Rates are in per cent of the seats, the API's own to the digits that it gives.
select organization, date, product
from {{ ref('claude_adoption_daily') }}
where
    {%- for period in ('daily', 'weekly', 'monthly') %}
    {{ 'or ' if not loop.first }}(
        product = 'claude_tag' and {{ period }}_adoption_rate is not null
    )
    or abs(
        {{ period }}_adoption_rate
        - {{ claude_analytics.claude_quotient(period ~ '_active_user_count', 'assigned_seat_count', factor=100) }}
    ) > 0.01
    {%- endfor %}
