{%- set last_month = claude_analytics.claude_add_months('months.month_start', -1) -%}

with months as (

    {{ claude_analytics.claude_spend_months() }}

),

spend as (

    select *, {{ claude_analytics.claude_month_start('date') }} as month_start
    from {{ ref('claude_spend_daily') }}

),

sums as (

    select
        organization,
        month_start,
        max(currency) as currency
        {%- for column in claude_analytics.claude_spend_sums() %},
        sum({{ column }}) as {{ column }}
        {%- endfor %}
    from spend
    group by organization, month_start

),

-- The days of cost, numbered within their month; whether all up to each one are complete.
days as (

    select
        organization,
        date,
        month_start,
        {{ claude_analytics.claude_days_between('month_start', 'date') }} + 1 as day_of_month,
        min(case when is_complete then 1 else 0 end) over (
            partition by organization, month_start
            order by date rows between unbounded preceding and current row
        ) as are_complete,
        row_number() over (partition by organization, month_start order by date) as place
    from (
        select *, {{ claude_analytics.claude_month_start('date') }} as month_start
        from {{ ref('claude_days') }}
        where stream = 'cost'
    ) as cost_days

),

leads as (

    select organization, month_start, count(*) as complete_day_count
    from days
    where are_complete = 1 and place = day_of_month
    group by organization, month_start

),

-- What is compared: the days of this month that are complete, and the same ones of last month.
compared as (

    select
        months.organization,
        months.month_start,
        coalesce(leads.complete_day_count, 0) as complete_day_count,
        coalesce(previous.complete_day_count, 0) as days_before,
        {{ claude_analytics.claude_days_between(last_month, 'months.month_start') }} as days_of_last_month
    from months
    left join leads
        on months.organization = leads.organization and months.month_start = leads.month_start
    left join leads as previous
        on months.organization = previous.organization and previous.month_start = {{ last_month }}

),

to_date as (

    select
        compared.organization,
        compared.month_start,
        compared.complete_day_count,
        case
            when compared.complete_day_count > 0
                then coalesce(sum(case when spend.month_start = compared.month_start then spend.cost_usd end), 0)
        end as month_to_date_usd,
        case
            when compared.complete_day_count > 0
                and (
                    compared.days_before >= compared.complete_day_count
                    or compared.days_before = compared.days_of_last_month
                )
                then coalesce(sum(case when spend.month_start < compared.month_start then spend.cost_usd end), 0)
        end as last_month_same_days_usd
    from compared
    left join spend
        on compared.organization = spend.organization
        and spend.month_start in (
            compared.month_start,
            {{ claude_analytics.claude_add_months('compared.month_start', -1) }}
        )
        and {{ claude_analytics.claude_days_between('spend.month_start', 'spend.date') }} < compared.complete_day_count
    group by
        compared.organization,
        compared.month_start,
        compared.complete_day_count,
        compared.days_before,
        compared.days_of_last_month

),

spenders as (

    select
        organization,
        month_start,
        actor_id,
        sum(cost_usd) as cost_usd
    from spend
    where actor_type = 'user_actor' and actor_id is not null
    group by organization, month_start, actor_id
    having sum(cost_usd) > 0

),

ranked as (

    select
        *,
        row_number() over (partition by organization, month_start order by cost_usd, actor_id) as place,
        count(*) over (partition by organization, month_start) as spender_count
    from spenders

),

-- Percentiles by linear interpolation between the two nearest ranks, exact as the sums are.
distributions as (

    select
        organization,
        month_start,
        max(spender_count) as spending_user_count,
        {% for name, part in {'median': 0.5, 'p90': 0.9}.items() %}
        sum(
            case
                when place = floor((spender_count - 1) * {{ part }}) + 1
                    then cost_usd * (floor((spender_count - 1) * {{ part }}) + 1 - (spender_count - 1) * {{ part }})
                when place = floor((spender_count - 1) * {{ part }}) + 2
                    then cost_usd * ((spender_count - 1) * {{ part }} - floor((spender_count - 1) * {{ part }}))
            end
        ) as {{ name }}_cost_per_spender,
        {% endfor %}
        {{ claude_analytics.claude_quotient(
            'sum(case when place > spender_count - ceiling(spender_count / 10.0) then cost_usd end)',
            'sum(cost_usd)',
        ) }} as top_decile_share
    from ranked
    group by organization, month_start

),

people as (

    select organization, period_start as month_start, family_active_user_count, is_complete
    from {{ ref('claude_active_users') }}
    where period_grain = 'month' and product_family = 'all'

),

joined as (

    select
        months.organization,
        months.month_start,
        months.is_complete,
        months.is_settled,
        months.is_cost_complete,
        sums.currency,
        -- A month that was read and has no row had nothing.
        {%- for column in claude_analytics.claude_spend_sums() %}
        case
            when sums.month_start is null and months.is_read then 0 else sums.{{ column }}
        end as {{ column }},
        {%- endfor %}
        people.family_active_user_count as active_user_count,
        people.is_complete as are_people_complete,
        distributions.spending_user_count,
        distributions.median_cost_per_spender,
        distributions.p90_cost_per_spender,
        distributions.top_decile_share,
        to_date.complete_day_count,
        to_date.month_to_date_usd,
        to_date.last_month_same_days_usd
    from months
    left join sums
        on months.organization = sums.organization and months.month_start = sums.month_start
    left join people
        on months.organization = people.organization
        and months.month_start = people.month_start
    left join distributions
        on months.organization = distributions.organization
        and months.month_start = distributions.month_start
    left join to_date
        on months.organization = to_date.organization
        and months.month_start = to_date.month_start

),

final as (

    select
        organization,
        month_start,
        currency,
        {%- for column in claude_analytics.claude_spend_sums() if column != 'unknown_row_count' %}
        {{ column }},
        {%- endfor %}
        coalesce(unknown_row_count, 0) as unknown_row_count,
        active_user_count,
        case
            when is_cost_complete and are_people_complete
                then {{ claude_analytics.claude_quotient('cost_usd', 'active_user_count', 'money') }}
        end as cost_per_active_user,
        case when is_cost_complete then coalesce(spending_user_count, 0) end as spending_user_count,
        {%- for column in ('median_cost_per_spender', 'p90_cost_per_spender', 'top_decile_share') %}
        case when is_cost_complete and spending_user_count >= 10 then {{ column }} end as {{ column }},
        {%- endfor %}
        complete_day_count,
        month_to_date_usd,
        last_month_same_days_usd,
        {{ claude_analytics.claude_quotient('(month_to_date_usd - last_month_same_days_usd)', 'last_month_same_days_usd', factor=100) }} as month_to_date_change,
        is_complete,
        is_settled,
        {{- claude_analytics.claude_spend_rates() }}
    from joined

)

{{ claude_analytics.claude_select('final') }}
