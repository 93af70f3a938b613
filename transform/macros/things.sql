{#- What is used, by kind: the stream, the id and the name of a thing, what makes it a collecting
    bucket, the unit of `use_count`, and the figures that the stream has. -#}
{% macro claude_things() %}
  {{- return({
    'skill': {
      'stream': 'skills',
      'id': 'skill_name',
      'name': 'skill_display_name',
      'bucket': "skill_name = 'unknown'",
      'unit': 'invocations',
      'figures': {
        'use_count': 'invocation_count',
        'user_count': 'distinct_user_count',
        'chat_session_count': claude_analytics.claude_thing_chats('skill'),
        'cowork_session_count': claude_analytics.claude_thing_cowork('skill'),
        'claude_code_session_count': 'claude_code_distinct_session_skill_used_count',
        'office_session_count': claude_analytics.claude_thing_office('skill'),
        'enable_count': 'enable_count',
        'skill_overage_usd': "case when currency = 'USD' then estimated_overage_spend / 100 end",
        'skill_list_value_usd': "case when currency = 'USD' then attributed_list_price / 100 end",
      },
    },
    'connector': {
      'stream': 'connectors',
      'id': 'connector_name',
      'name': 'connector_display_name',
      'bucket': '1 = 0',
      'unit': 'calls',
      'figures': {
        'use_count': 'read_call_count + write_call_count + unclassified_call_count',
        'user_count': 'distinct_user_count',
        'chat_session_count': claude_analytics.claude_thing_chats('connector'),
        'cowork_session_count': claude_analytics.claude_thing_cowork('connector'),
        'claude_code_session_count': 'claude_code_distinct_session_connector_used_count',
        'office_session_count': claude_analytics.claude_thing_office('connector'),
        'read_call_count': 'read_call_count',
        'write_call_count': 'write_call_count',
        'unclassified_call_count': 'unclassified_call_count',
        'managed_auth_user_count': 'managed_auth_distinct_user_count',
      },
    },
    'plugin': {
      'stream': 'plugins',
      'id': 'plugin_key',
      'name': 'plugin_name',
      'bucket': "plugin_name = 'third-party'",
      'unit': 'invocations',
      'figures': {
        'use_count': 'invocation_count',
        'user_count': 'distinct_user_count',
        'cowork_session_count': 'cowork_distinct_session_plugin_used_count'
          ~ ' + coalesce(unified_distinct_session_plugin_used_count, 0)',
        'claude_code_session_count': 'claude_code_distinct_session_plugin_used_count',
        'install_count': 'install_count',
      },
    },
    'artifact': {
      'stream': 'artifacts',
      'id': "artifact_type || case when is_shared then ' (shared)' else ' (not shared)' end",
      'name': 'null',
      'bucket': '1 = 0',
      'unit': 'artifacts',
      'figures': {
        'use_count': 'artifacts_created_count',
        'user_count': 'distinct_user_count',
        'published_count': 'published_artifacts_created_count',
      },
    },
    'project': {
      'stream': 'chat_projects',
      'id': 'project_id',
      'name': 'project_name',
      'bucket': '1 = 0',
      'unit': 'messages',
      'figures': {
        'use_count': 'message_count',
        'user_count': 'distinct_user_count',
        'conversation_count': 'distinct_conversation_count',
      },
    },
  }) -}}
{% endmacro %}

{#- The unified block of a skill or connector is there if one of its two counts is known. -#}
{% macro claude_thing_unified(thing) %}
  {{- return([
    'unified_chat_distinct_conversation_' ~ thing ~ '_used_count',
    'unified_cowork_distinct_session_' ~ thing ~ '_used_count',
  ]) -}}
{% endmacro %}

{% macro claude_thing_chats(thing) -%}
  {%- set unified = claude_analytics.claude_thing_unified(thing) -%}
  {{ claude_analytics.claude_with_unified(
      'chat_distinct_conversation_' ~ thing ~ '_used_count', unified[0], unified
  ) }}
{%- endmacro %}

{% macro claude_thing_cowork(thing) -%}
  {%- set unified = claude_analytics.claude_thing_unified(thing) -%}
  {{ claude_analytics.claude_with_unified(
      'cowork_distinct_session_' ~ thing ~ '_used_count', unified[1], unified
  ) }}
{%- endmacro %}

{% macro claude_thing_office(thing) -%}
  {%- set counts = [] -%}
  {%- for app in ('excel', 'outlook', 'powerpoint', 'word') -%}
    {%- do counts.append('office_' ~ app ~ '_distinct_session_' ~ thing ~ '_used_count') -%}
  {%- endfor -%}
  {{ claude_analytics.claude_total(counts) }}
{%- endmacro %}
