{#- The streams that are switched on. -#}
{% macro claude_streams() %}
  {%- set streams = [] -%}
  {%- for stream in claude_analytics.claude_stream_names() if claude_analytics.claude_using(stream) -%}
    {%- do streams.append(stream) -%}
  {%- endfor -%}
  {{- return(streams) -}}
{% endmacro %}

{#- The same for SQL's `in`. -#}
{% macro claude_stream_list() -%}
  '{{ (claude_analytics.claude_streams() or ['none']) | join("', '") }}'
{%- endmacro %}

{#- Streams of what is true now: they have no days but those on which they were read. -#}
{% macro claude_snapshot_list() -%}
  'members', 'invites', 'spend_limits', 'spend_limit_requests', 'teams', 'team_members'
{%- endmacro %}
