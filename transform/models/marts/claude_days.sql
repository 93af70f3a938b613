with readings as (

    select * from {{ ref('stg_claude_analytics__readings') }}
    where stream in ({{ claude_analytics.claude_stream_list() }})

),

spans as (

    select organization, stream, min(date) as first_day, max(date) as last_day
    from readings
    group by organization, stream

),

numbers as (

    -- Ten years of days.
    {{ dbt.generate_series(3660) }}

),

days as (

    select
        spans.organization,
        spans.stream,
        {{ claude_analytics.claude_add_days('spans.first_day', 'numbers.generated_number - 1') }} as date
    from spans
    inner join numbers
        on numbers.generated_number
        <= {{ claude_analytics.claude_days_between('spans.first_day', 'spans.last_day') }} + 1

),

-- Days of usage and cost of which a row says itself that it may be revised.
revisable as (

    {% for stream in ('usage', 'cost') %}
    select distinct organization, '{{ stream }}' as stream, date
    from {{ ref('stg_claude_analytics__' ~ stream) }}
    where not coalesce(is_final, false)
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

joined as (

    select
        days.organization,
        days.stream,
        days.date,
        readings.date is not null as is_read,
        coalesce(readings.is_complete, false) as is_complete,
        readings.row_count,
        readings.snapshot_at as read_at,
        revisable.date is not null as is_revisable,
        {{ claude_analytics.claude_days_between('days.date', 'cast(readings.snapshot_at as date)') }} as age
    from days
    left join readings
        on days.organization = readings.organization
        and days.stream = readings.stream
        and days.date = readings.date
    left join revisable
        on days.organization = revisable.organization
        and days.stream = revisable.stream
        and days.date = revisable.date

),

final as (

    select
        *,
        case
            when not is_read then 'not read'
            when not is_complete then 'filling'
            when stream in ('usage', 'cost') and (is_revisable or age < 31) then 'may be revised'
            when stream in ({{ claude_analytics.claude_snapshot_list() }}) then 'settled'
            when age < 4 then 'may be revised'
            else 'settled'
        end as state
    from joined

)

{{ claude_analytics.claude_select('final') }}
