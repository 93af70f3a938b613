with days as (

    select *, {{ claude_analytics.claude_month_start('date') }} as month_start
    from {{ ref('claude_spend_daily') }}

),

sums as (

    select
        organization,
        month_start,
        actor_type,
        actor_id,
        product,
        product_family,
        model,
        model_family,
        max(currency) as currency
        {%- for column in claude_analytics.claude_spend_sums() %},
        sum({{ column }}) as {{ column }}
        {%- endfor %}
    from days
    group by organization, month_start, actor_type, actor_id, product, product_family, model, model_family

),

readings_of_users as (

    {% for stream in ('cost', 'usage') %}
    select
        organization,
        {{ claude_analytics.claude_month_start('date') }} as month_start,
        actor_id,
        date,
        actor_email_address,
        actor__deleted
    from {{ ref('stg_claude_analytics__' ~ stream) }}
    where actor_type = 'user_actor'
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

users as (

    select
        organization,
        month_start,
        actor_id,
        {{ claude_analytics.claude_some('actor__deleted') }} as is_deleted
    from readings_of_users
    group by organization, month_start, actor_id

),

addresses as (

    select
        organization,
        month_start,
        actor_id,
        actor_email_address,
        row_number() over (
            partition by organization, month_start, actor_id
            order by date desc, actor_email_address
        ) as place
    from readings_of_users
    where actor_email_address is not null

),

months as (

    {{ claude_analytics.claude_spend_months() }}

),

final as (

    select
        sums.*,
        addresses.actor_email_address as email_address,
        users.is_deleted,
        months.is_complete,
        months.is_settled,
        {{- claude_analytics.claude_spend_rates() }}
    from sums
    inner join months
        on sums.organization = months.organization and sums.month_start = months.month_start
    left join users
        on sums.organization = users.organization
        and sums.month_start = users.month_start
        and sums.actor_type = 'user_actor'
        and sums.actor_id = users.actor_id
    left join addresses
        on sums.organization = addresses.organization
        and sums.month_start = addresses.month_start
        and sums.actor_type = 'user_actor'
        and sums.actor_id = addresses.actor_id
        and addresses.place = 1

)

{{ claude_analytics.claude_select('final') }}
