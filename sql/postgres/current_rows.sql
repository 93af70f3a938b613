-- Which rows count today?
--
-- Makes a view current_<stream> over the table of every stream: days are read more than once,
-- rows may vanish from a day in between, and a target that upserts keeps them. These views
-- leave them out.
--
-- Needs: the table readings, and those of any other streams. Tables are looked for where
-- readings is found, so views may have a schema of their own, named first in the path:
--
--   psql -v ON_ERROR_STOP=1 -c 'set search_path to tap_claude_analytics' -f current_rows.sql
--
-- All other files need it: run it first, and again after a stream was selected or the tap
-- was upgraded, as a view has the columns that its table had.
--
-- Beware: where an upgrade changes a column's type, PostgreSQL refuses while views use it.
-- Drop the views with cascade, load, and run these files again.

do $$
declare
    stream record;
begin
    for stream in
        select t.relname as name, t.oid::regclass as source
        from pg_class t
        where t.relnamespace =
            (select r.relnamespace from pg_class r where r.oid = 'readings'::regclass)
        and t.relkind in ('r', 'p')
        and t.relname <> 'readings'
        and 2 = (
            select count(*)
            from pg_attribute a
            where a.attrelid = t.oid and a.attname in ('date', 'snapshot_at')
        )
    loop
        execute format(
            'create or replace view %I as'
            ' select s.* from %s s join readings r'
            ' on r.stream = %L and r.date = s.date and s.snapshot_at >= r.snapshot_at',
            'current_' || stream.name, stream.source, stream.name
        );
    end loop;
end
$$;
