{#- The organisations as (name, schema). -#}
{% macro claude_organizations() %}
  {%- set schema = var('claude_analytics__schema') -%}
  {%- set organizations = var('claude_analytics__organizations') or {schema: schema} -%}
  {{- return(organizations.items() | list) -}}
{% endmacro %}

{% macro claude_using(stream) %}
  {{- return(stream == 'readings' or var('claude_analytics__using_' ~ stream)) -}}
{% endmacro %}

{#- The rows of a stream that count, of all organisations, one a key, with the columns asked for.

    A row counts if it is not older than the reading of its day. Where a target has added rows
    instead of replacing them, the latest of each key counts. A column that the table lacks, as
    one loaded before the column was there, is null. Of a stream that is switched off there is no
    row.

    Args:
      stream: Name of the stream and of its table.
      key: What tells the rows of a stream apart.
      columns: (name in the table, name from here on, type) of each column. -#}
{% macro claude_current_rows(stream, key, columns) %}
  {%- set table = source('claude_analytics', stream) -%}
  {%- set readings = source('claude_analytics', 'readings') -%}
  {%- set parts = [] -%}
  {%- if execute and claude_analytics.claude_using(stream) -%}
    {%- for organization, schema in claude_analytics.claude_organizations() -%}
      {%- do parts.append(claude_analytics.claude_current_rows_of(
        organization,
        table.replace_path(schema=schema),
        readings.replace_path(schema=schema),
        stream, key, columns,
      )) -%}
    {%- endfor -%}
  {%- endif -%}
  {%- if parts -%}
    {{ parts | join('\nunion all\n') }}
  {%- else -%}
select
    cast(null as {{ claude_analytics.claude_type('text') }}) as organization
    {%- for _, name, type in columns %},
    cast(null as {{ claude_analytics.claude_type(type) }}) as {{ name }}
    {%- endfor %}
from (select 1 as nothing) as nothing
where 1 = 0
  {%- endif -%}
{% endmacro %}

{% macro claude_current_rows_of(organization, table, readings, stream, key, columns) %}
  {%- set types = claude_analytics.claude_column_types(table, stream) -%}
  {%- set read = claude_analytics.claude_column_types(readings, 'readings') -%}
  {%- for column in key + ['snapshot_at'] if column not in types -%}
    {{ exceptions.raise_compiler_error(table ~ " has no column " ~ column ~ ", so it is not a table of the stream " ~ stream ~ " as tap-claude-analytics loads it.") }}
  {%- endfor -%}
  {#- Readings themselves are no stream of readings. -#}
  {%- set versioned = stream != 'readings' and 'date' in types -%}
select
    '{{ organization }}' as organization
    {%- for column, name, type in columns %},
    {{ claude_analytics.claude_cast('t.' ~ column, type, types[column]) if column in types
       else 'cast(null as ' ~ claude_analytics.claude_type(type) ~ ')' }} as {{ name }}
    {%- endfor %}
from (
    select
        rows_loaded.*,
        row_number() over (
            partition by {{ key | join(', ') }}
            order by {{ claude_analytics.claude_cast('snapshot_at', 'timestamp', types['snapshot_at']) }} desc
        ) as row_number_of_key
    from {{ table }} as rows_loaded
) as t
{%- if versioned %}
inner join (
    select
        cast(date as date) as date,
        max({{ claude_analytics.claude_cast('snapshot_at', 'timestamp', read['snapshot_at']) }}) as snapshot_at
    from {{ readings }}
    where stream = '{{ stream }}'
    group by 1
) as r
    on r.date = cast(t.date as date)
    and {{ claude_analytics.claude_cast('t.snapshot_at', 'timestamp', types['snapshot_at']) }} >= r.snapshot_at
{%- endif %}
where t.row_number_of_key = 1
{%- endmacro %}

{% macro claude_cast(expression, type, data_type) -%}
  {%- if type == 'timestamp' -%}
    {{ claude_analytics.claude_utc(expression, data_type) }}
  {%- else -%}
    cast({{ expression }} as {{ claude_analytics.claude_type(type) }})
  {%- endif -%}
{%- endmacro %}

{#- The types of a loaded table's columns, by their names in small letters. The database is asked,
    not dbt's cache of relations: another thread may be filling that just now. -#}
{% macro claude_column_types(table, stream) %}
  {%- set types = {} -%}
  {%- for column in adapter.get_columns_in_relation(table) -%}
    {%- do types.update({column.name | lower: column.dtype}) -%}
  {%- endfor -%}
  {%- if not types -%}
    {{ exceptions.raise_compiler_error(table ~ " does not exist. Load the stream " ~ stream ~ ", set the variable claude_analytics__using_" ~ stream ~ " to false, or say where the tables are: claude_analytics__schema, claude_analytics__organizations, claude_analytics__database.") }}
  {%- endif -%}
  {{- return(types) -}}
{% endmacro %}
