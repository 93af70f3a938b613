with weeks as (

    select
        organization,
        {{ claude_analytics.claude_week_start('date') }} as week_start,
        count(case when is_read then 1 end) = 7 as is_read,
        count(case when is_complete then 1 end) = 7 as is_complete
    from {{ ref('claude_days') }}
    where stream = 'user_summaries'
    group by 1, 2

),

firsts as (

    select organization, min(week_start) as first_week
    from weeks
    group by organization

),

activity as (

    select distinct
        organization,
        user_id,
        {{ claude_analytics.claude_week_start('date') }} as week_start
    from {{ ref('claude_users_daily') }}
    where is_active

),

cohorts as (

    select organization, user_id, min(week_start) as cohort_week
    from activity
    group by organization, user_id

),

sizes as (

    select organization, cohort_week, count(*) as cohort_size
    from cohorts
    group by organization, cohort_week

),

actives as (

    select cohorts.organization, cohorts.cohort_week, activity.week_start, count(*) as user_count
    from cohorts
    inner join activity
        on cohorts.organization = activity.organization and cohorts.user_id = activity.user_id
    group by cohorts.organization, cohorts.cohort_week, activity.week_start

),

joined as (

    select
        sizes.organization,
        sizes.cohort_week,
        weeks.week_start,
        {{ claude_analytics.claude_days_between('sizes.cohort_week', 'weeks.week_start') }} / 7 as week_number,
        {{ claude_analytics.claude_days_between('firsts.first_week', 'sizes.cohort_week') }} >= 28
        and cohort.is_complete as is_cohort_known,
        sizes.cohort_size,
        case when weeks.is_read then coalesce(actives.user_count, 0) end as active_user_count,
        weeks.is_complete
    from sizes
    inner join weeks
        on sizes.organization = weeks.organization and sizes.cohort_week <= weeks.week_start
    inner join weeks as cohort
        on sizes.organization = cohort.organization and sizes.cohort_week = cohort.week_start
    inner join firsts on sizes.organization = firsts.organization
    left join actives
        on sizes.organization = actives.organization
        and sizes.cohort_week = actives.cohort_week
        and weeks.week_start = actives.week_start

),

final as (

    select
        *,
        case
            when is_cohort_known and is_complete
                then {{ claude_analytics.claude_quotient('active_user_count', 'cohort_size') }}
        end as week_n_retention
    from joined

)

{{ claude_analytics.claude_select('final') }}
