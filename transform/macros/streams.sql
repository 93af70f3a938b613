{#- The streams that are switched on. -#}
{% macro claude_streams() %}
  {%- set streams = [] -%}
  {%- if execute -%}
    {%- for node in graph.sources.values()
        if node.package_name == 'claude_analytics' and node.name != 'readings'
        and claude_analytics.claude_using(node.name) -%}
      {%- do streams.append(node.name) -%}
    {%- endfor -%}
  {%- endif -%}
  {{- return(streams | sort) -}}
{% endmacro %}

{#- The same for SQL's `in`. -#}
{% macro claude_stream_list() -%}
  '{{ (claude_analytics.claude_streams() or ['none']) | join("', '") }}'
{%- endmacro %}

{#- Streams of what is true now: they have no days but those on which they were read. -#}
{% macro claude_snapshot_list() -%}
  'members', 'invites', 'spend_limits', 'spend_limit_requests', 'teams', 'team_members'
{%- endmacro %}
