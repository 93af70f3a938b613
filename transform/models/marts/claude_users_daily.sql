{%- set chat_block = [
    'users.unified_chat_message_count',
    'users.unified_chat_connectors_used_count',
    'users.unified_chat_thinking_message_count',
    'users.unified_chat_distinct_conversation_count',
] -%}
{%- set cowork_block = [
    'users.unified_cowork_message_count',
    'users.unified_cowork_action_count',
    'users.unified_cowork_dispatch_turn_count',
    'users.unified_cowork_distinct_session_count',
] -%}

with users as (

    select * from {{ ref('stg_claude_analytics__user_summaries') }}

),

days as (

    select * from {{ ref('claude_days') }}
    where stream = 'user_summaries'

),

used as (

    select
        users.*,
        days.is_complete,
        {{ claude_analytics.claude_with_unified('users.chat_message_count', 'users.unified_chat_message_count', chat_block) }} as all_chat_message_count,
        {{ claude_analytics.claude_with_unified('users.cowork_message_count', 'users.unified_cowork_message_count', cowork_block) }} as all_cowork_message_count,
        {{ claude_analytics.claude_with_unified('users.cowork_action_count', 'users.unified_cowork_action_count', cowork_block) }} as all_cowork_action_count,
        {{ claude_analytics.claude_with_unified('users.cowork_dispatch_turn_count', 'users.unified_cowork_dispatch_turn_count', cowork_block) }} as all_dispatch_turn_count,
        {{ claude_analytics.claude_total([
            'users.office_excel_message_count',
            'users.office_word_message_count',
            'users.office_powerpoint_message_count',
            'users.office_outlook_message_count',
        ]) }} as office_message_count,
        {{ claude_analytics.claude_any_used([
            'users.chat_message_count',
            'users.chat_distinct_conversation_count',
            'users.cowork_message_count',
            'users.cowork_action_count',
            'users.cowork_dispatch_turn_count',
            'users.cowork_distinct_session_count',
            'users.unified_chat_message_count',
            'users.unified_chat_distinct_conversation_count',
            'users.unified_cowork_message_count',
            'users.unified_cowork_action_count',
            'users.unified_cowork_dispatch_turn_count',
            'users.unified_cowork_distinct_session_count',
        ]) }} as is_active_chat_cowork,
        {{ claude_analytics.claude_code_is_active() }} as is_active_claude_code,
        {{ claude_analytics.claude_any_used([
            'users.office_excel_message_count',
            'users.office_excel_distinct_session_count',
            'users.office_word_message_count',
            'users.office_word_distinct_session_count',
            'users.office_powerpoint_message_count',
            'users.office_powerpoint_distinct_session_count',
            'users.office_outlook_message_count',
            'users.office_outlook_distinct_session_count',
        ]) }} as is_active_office,
        {{ claude_analytics.claude_any_used([
            'users.design_message_count', 'users.design_distinct_session_count'
        ]) }} as is_active_design,
        {{ claude_analytics.claude_any_used([
            'users.science_message_count', 'users.science_distinct_session_count'
        ]) }} as is_active_science,
        {{ claude_analytics.claude_any_used(['users.claude_tag_active_message_count']) }} as is_active_tag
    from users
    inner join days
        on users.organization = days.organization and users.date = days.date

),

final as (

    select
        organization,
        date,
        user_id,
        all_chat_message_count as chat_message_count,
        all_cowork_message_count as cowork_message_count,
        all_cowork_action_count as cowork_action_count,
        all_dispatch_turn_count as dispatch_turn_count,
        claude_code_distinct_session_count as claude_code_session_count,
        office_message_count,
        design_message_count,
        science_message_count,
        claude_tag_active_message_count as claude_tag_message_count,
        web_search_count,
        is_active_chat_cowork
        or is_active_claude_code
        or is_active_office
        or is_active_design
        or is_active_science
        or is_active_tag
        or {{ claude_analytics.claude_any_used(['web_search_count']) }} as is_active,
        is_active_chat_cowork,
        is_active_claude_code,
        is_active_office,
        is_active_design,
        is_active_science,
        is_active_tag,
        {%- for family in ('chat_cowork', 'claude_code', 'office', 'design', 'science') %}
        {{ '+ ' if not loop.first }}case when is_active_{{ family }} then 1 else 0 end
        {%- endfor %} as families_used_count,
        is_complete
    from used

)

{{ claude_analytics.claude_select('final') }}
