{#- Types of the columns. The contracts in models/marts name the same ones. -#}

{% macro claude_type(kind) %}
  {%- set native = adapter.dispatch('claude_types', 'claude_analytics')() -%}
  {{- native[kind] -}}
{% endmacro %}

{% macro default__claude_types() %}
  {{- return({
    'bigint': 'bigint', 'boolean': 'boolean', 'date': 'date', 'money': 'decimal(38, 18)',
    'ratio': 'double precision', 'text': 'text', 'timestamp': 'timestamp',
  }) -}}
{% endmacro %}

{% macro postgres__claude_types() %}
  {{- return({
    'bigint': 'bigint', 'boolean': 'boolean', 'date': 'date', 'money': 'numeric',
    'ratio': 'double precision', 'text': 'text', 'timestamp': 'timestamp',
  }) -}}
{% endmacro %}

{% macro duckdb__claude_types() %}
  {{- return({
    'bigint': 'bigint', 'boolean': 'boolean', 'date': 'date', 'money': 'decimal(38, 18)',
    'ratio': 'double', 'text': 'varchar', 'timestamp': 'timestamp',
  }) -}}
{% endmacro %}

{% macro redshift__claude_types() %}
  {{- return({
    'bigint': 'bigint', 'boolean': 'boolean', 'date': 'date', 'money': 'decimal(38, 18)',
    'ratio': 'double precision', 'text': 'varchar(65535)', 'timestamp': 'timestamp',
  }) -}}
{% endmacro %}

{% macro snowflake__claude_types() %}
  {{- return({
    'bigint': 'bigint', 'boolean': 'boolean', 'date': 'date', 'money': 'decimal(38, 18)',
    'ratio': 'double precision', 'text': 'varchar', 'timestamp': 'timestamp_ntz',
  }) -}}
{% endmacro %}

{% macro bigquery__claude_types() %}
  {{- return({
    'bigint': 'int64', 'boolean': 'bool', 'date': 'date', 'money': 'bignumeric',
    'ratio': 'float64', 'text': 'string', 'timestamp': 'datetime',
  }) -}}
{% endmacro %}

{#- A loaded column as a UTC timestamp without a zone. `data_type` is what the database says
    of the column. -#}
{% macro claude_utc(expression, data_type) %}
  {{- adapter.dispatch('claude_utc', 'claude_analytics')(expression, data_type | lower) -}}
{% endmacro %}

{% macro default__claude_utc(expression, data_type) -%}
  cast({{ expression }} as timestamp)
{%- endmacro %}

{% macro postgres__claude_utc(expression, data_type) -%}
  {%- if data_type == 'timestamp without time zone' or data_type == 'timestamp' -%}
    cast({{ expression }} as timestamp)
  {%- else -%}
    cast({{ expression }} as timestamp with time zone) at time zone 'utc'
  {%- endif -%}
{%- endmacro %}

{% macro duckdb__claude_utc(expression, data_type) -%}
  {%- if data_type == 'timestamp' -%}
    {{ expression }}
  {%- else -%}
    cast({{ expression }} as timestamp with time zone) at time zone 'UTC'
  {%- endif -%}
{%- endmacro %}

{% macro redshift__claude_utc(expression, data_type) -%}
  {{- claude_analytics.postgres__claude_utc(expression, data_type) -}}
{%- endmacro %}

{% macro snowflake__claude_utc(expression, data_type) -%}
  {%- if 'ntz' in data_type -%}
    {{ expression }}
  {%- else -%}
    convert_timezone('UTC', cast({{ expression }} as timestamp_tz))::timestamp_ntz
  {%- endif -%}
{%- endmacro %}

{% macro bigquery__claude_utc(expression, data_type) -%}
  {%- if data_type == 'datetime' -%}
    {{ expression }}
  {%- else -%}
    datetime(cast({{ expression }} as timestamp), 'UTC')
  {%- endif -%}
{%- endmacro %}
