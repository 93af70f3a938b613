{%- set streams = ['usage', 'cost'] | select('in', claude_analytics.claude_streams()) | list -%}
{%- set tokens = {
    'total_tokens': 'total_tokens',
    'uncached_input_tokens': 'uncached_input_tokens',
    'cache_read_tokens': 'cache_read_input_tokens',
    'cache_write_5m_tokens': 'cache_creation__ephemeral_5m_input_tokens',
    'cache_write_1h_tokens': 'cache_creation__ephemeral_1h_input_tokens',
    'output_tokens': 'output_tokens',
    'request_count': 'requests',
} -%}

-- Rows cannot be paired: several of one day may share all dimensions, and cost has rows without
-- usage. So each side is added up to the grain first.
with costs as (

    select
        organization,
        date,
        coalesce(actor_type, 'unknown') as actor_type,
        actor_id,
        product,
        model,
        max(currency) as currency,
        sum(amount_usd) as cost_usd,
        sum(list_amount_usd) as list_cost_usd,
        count(case when amount_usd is null then 1 end) as unknown_row_count
        {%- for name in tokens %},
        cast(null as {{ claude_analytics.claude_type('bigint') }}) as {{ name }}
        {%- endfor %}
    from {{ ref('stg_claude_analytics__cost') }}
    group by 1, 2, 3, 4, 5, 6

),

usages as (

    select
        organization,
        date,
        coalesce(actor_type, 'unknown') as actor_type,
        actor_id,
        product,
        model,
        cast(null as {{ claude_analytics.claude_type('text') }}) as currency,
        cast(null as {{ claude_analytics.claude_type('money') }}) as cost_usd,
        cast(null as {{ claude_analytics.claude_type('money') }}) as list_cost_usd,
        0 as unknown_row_count
        {%- for name, column in tokens.items() %},
        sum({{ column }}) as {{ name }}
        {%- endfor %}
    from {{ ref('stg_claude_analytics__usage') }}
    group by 1, 2, 3, 4, 5, 6

),

-- A full join in which a null equals a null.
sides as (

    select
        organization,
        date,
        actor_type,
        actor_id,
        product,
        model,
        max(currency) as currency,
        max(cost_usd) as cost_usd,
        max(list_cost_usd) as list_cost_usd,
        max(unknown_row_count) as unknown_row_count
        {%- for name in tokens %},
        max({{ name }}) as {{ name }}
        {%- endfor %}
    from (
        select * from costs
        union all
        select * from usages
    ) as both_sides
    group by organization, date, actor_type, actor_id, product, model

),

days as (

    select
        organization,
        date,
        count(case when is_complete then 1 end) = {{ streams | length }} as is_complete,
        count(case when state = 'settled' then 1 end) = {{ streams | length }} as is_settled
    from {{ ref('claude_days') }}
    where stream in ('usage', 'cost')
    group by organization, date

),

final as (

    select
        sides.*,
        {{ claude_analytics.claude_product_family('sides.product') }} as product_family,
        {{ claude_analytics.claude_model_family('sides.model') }} as model_family,
        days.is_complete,
        days.is_settled,
        {{- claude_analytics.claude_spend_rates() }}
    from sides
    inner join days
        on sides.organization = days.organization and sides.date = days.date

)

{{ claude_analytics.claude_select('final') }}
