{{ config(enabled=var('claude_analytics__using_spend_limits')) }}

with final as (

    select * from {{ ref('claude_spend_limits_daily') }}
    where is_latest

)

{{ claude_analytics.claude_select('final') }}
