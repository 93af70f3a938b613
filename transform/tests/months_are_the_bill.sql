-- A month of spend is the sum of the rows of cost, with those of nobody, to the last digit.
select coalesce(bills.organization, rows_read.organization) as organization
from (
    select organization, month_start, currency, sum(cost_usd) as cost_usd, sum(list_cost_usd) as list_cost_usd
    from {{ ref('claude_spend_monthly') }}
    where cost_usd is not null or list_cost_usd is not null
    group by organization, month_start, currency
) as bills
full outer join (
    select
        organization,
        {{ claude_analytics.claude_month_start('date') }} as month_start,
        currency,
        sum(amount_usd) as cost_usd,
        sum(list_amount_usd) as list_cost_usd
    from {{ ref('stg_claude_analytics__cost') }}
    where amount_usd is not null or list_amount_usd is not null
    group by 1, 2, 3
) as rows_read
    on bills.organization = rows_read.organization
    and bills.month_start = rows_read.month_start
    and bills.currency = rows_read.currency
where bills.organization is null
    or rows_read.organization is null
    or bills.cost_usd <> rows_read.cost_usd
    or bills.list_cost_usd <> rows_read.list_cost_usd
