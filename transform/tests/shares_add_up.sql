-- The four classes of people who were there in 28 days are all of them.
select organization, date, sum(frequency_share) as share_sum
from {{ ref('claude_frequency_daily') }}
where frequency_share is not null
group by organization, date
having abs(sum(frequency_share) - 1) > 0.000001
