-- What did each user spend on each model, month by month, in dollars?
--
-- One row a month, actor and model. dollars is after discounts and before credits,
-- list_dollars at list prices, both exact: round only what you show.
--
-- Needs: current_rows.sql, stream cost, grouped by actor and model among others.
--
--   psql -v ON_ERROR_STOP=1 -c 'set search_path to tap_claude_analytics' \
--     -f current_rows.sql -f cost_by_user_model_month.sql
--
-- Beware: actors are users, service accounts, federated identities and API keys. Where nobody
-- can be named, actor_type is unknown; where no particular model is behind the cost, model is
-- (none). With these rows, a month adds up to the organisation's bill. Rows without an amount,
-- counted in unknown_row_count, are in no sum. Accounts with is_deleted were gone when the
-- month was last read, and their e-mail addresses may be gone too. is_complete says that all
-- days of the month were read after they were over, is_final that nothing of it will be
-- revised any more. If cost is grouped by rbac_group_id too, people in several teams are
-- counted in each of them.

create or replace view cost_by_user_model_month as
with whole_months as (
    select date_trunc('month', date::timestamp)::date as month
    from readings
    where stream = 'cost' and is_complete
    group by 1
    -- As many days as the month has.
    having count(*) = extract(
        day from date_trunc('month', max(date)::timestamp) + interval '1 month - 1 day'
    )
),
bills as (
    select
        date_trunc('month', date::timestamp)::date as month,
        coalesce(actor_type, 'unknown') as actor_type,
        actor_id,
        (
            array_agg(actor_email_address order by starting_at desc)
            filter (where actor_email_address is not null)
        )[1] as email_address,
        bool_or(actor__deleted) as is_deleted,
        coalesce(model, '(none)') as model,
        sum(amount_usd) as dollars,
        sum(list_amount_usd) as list_dollars,
        count(*) filter (where amount_usd is null) as unknown_row_count,
        bool_and(is_final) as is_final
    from current_cost
    group by 1, 2, 3, 6
)
select
    b.month,
    b.actor_type,
    b.actor_id,
    b.email_address,
    b.is_deleted,
    b.model,
    b.dollars,
    b.list_dollars,
    b.unknown_row_count,
    w.month is not null as is_complete,
    w.month is not null and bool_and(b.is_final) over (partition by b.month) as is_final
from bills b
left join whole_months w using (month);
