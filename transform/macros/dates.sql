{#- Monday of a date's ISO week. -#}
{% macro claude_week_start(date) %}
  {{- adapter.dispatch('claude_week_start', 'claude_analytics')(date) -}}
{% endmacro %}

{% macro default__claude_week_start(date) -%}
  cast(date_trunc('week', {{ date }}) as date)
{%- endmacro %}

{% macro snowflake__claude_week_start(date) -%}
  {#- The session's parameter WEEK_START must not matter. -#}
  dateadd('day', 1 - dayofweekiso({{ date }}), {{ date }})
{%- endmacro %}

{% macro bigquery__claude_week_start(date) -%}
  date_trunc({{ date }}, isoweek)
{%- endmacro %}

{% macro claude_month_start(date) %}
  {{- adapter.dispatch('claude_month_start', 'claude_analytics')(date) -}}
{% endmacro %}

{% macro default__claude_month_start(date) -%}
  cast(date_trunc('month', {{ date }}) as date)
{%- endmacro %}

{% macro bigquery__claude_month_start(date) -%}
  date_trunc({{ date }}, month)
{%- endmacro %}

{#- A date so many days later; `days` may be an expression. -#}
{% macro claude_add_days(date, days) %}
  {{- adapter.dispatch('claude_add_days', 'claude_analytics')(date, days) -}}
{% endmacro %}

{% macro default__claude_add_days(date, days) -%}
  cast({{ date }} + cast({{ days }} as integer) as date)
{%- endmacro %}

{% macro bigquery__claude_add_days(date, days) -%}
  date_add({{ date }}, interval cast({{ days }} as int64) day)
{%- endmacro %}

{#- A date so many whole months later; the date is the first of a month. -#}
{% macro claude_add_months(date, months) -%}
  cast({{ dbt.dateadd('month', months, date) }} as date)
{%- endmacro %}

{#- The last day of a period that begins on `date`. -#}
{% macro claude_month_end(date) -%}
  {{ claude_analytics.claude_add_days(claude_analytics.claude_add_months(date, 1), -1) }}
{%- endmacro %}

{#- How many days `later` lies after `earlier`; both are dates. -#}
{% macro claude_days_between(earlier, later) %}
  {{- adapter.dispatch('claude_days_between', 'claude_analytics')(earlier, later) -}}
{% endmacro %}

{% macro default__claude_days_between(earlier, later) -%}
  ({{ later }} - {{ earlier }})
{%- endmacro %}

{% macro snowflake__claude_days_between(earlier, later) -%}
  datediff('day', {{ earlier }}, {{ later }})
{%- endmacro %}

{% macro bigquery__claude_days_between(earlier, later) -%}
  date_diff({{ later }}, {{ earlier }}, day)
{%- endmacro %}

{#- Days between two timestamps, with their fraction. -#}
{% macro claude_elapsed_days(earlier, later) %}
  {{- adapter.dispatch('claude_elapsed_days', 'claude_analytics')(earlier, later) -}}
{% endmacro %}

{% macro default__claude_elapsed_days(earlier, later) -%}
  (extract(epoch from ({{ later }} - {{ earlier }})) / 86400.0)
{%- endmacro %}

{% macro snowflake__claude_elapsed_days(earlier, later) -%}
  (datediff('second', {{ earlier }}, {{ later }}) / 86400.0)
{%- endmacro %}

{% macro redshift__claude_elapsed_days(earlier, later) -%}
  (datediff('second', {{ earlier }}, {{ later }}) / 86400.0)
{%- endmacro %}

{% macro bigquery__claude_elapsed_days(earlier, later) -%}
  (datetime_diff({{ later }}, {{ earlier }}, second) / 86400.0)
{%- endmacro %}

{#- The current UTC day. -#}
{% macro claude_today() -%}
  {%- set today = var('claude_analytics__today') -%}
  {%- if today -%}
    cast('{{ today }}' as date)
  {%- else -%}
    {{- adapter.dispatch('claude_utc_today', 'claude_analytics')() -}}
  {%- endif -%}
{%- endmacro %}

{% macro default__claude_utc_today() -%}
  cast(current_timestamp at time zone 'utc' as date)
{%- endmacro %}

{% macro snowflake__claude_utc_today() -%}
  cast(sysdate() as date)
{%- endmacro %}

{% macro redshift__claude_utc_today() -%}
  cast(getdate() as date)
{%- endmacro %}

{% macro bigquery__claude_utc_today() -%}
  current_date('UTC')
{%- endmacro %}
