{# The days of which the CTE `messages` holds others than an incremental model was made of. It compares with what the
   model itself holds, so there is no mark that could be lost; a message that comes late is one of its own day. #}
{% macro changed_days() -%}
  select found.occurred_on
  from (
    select
      occurred_on,
      count(*) as events,
      sum(received_second) as received_seconds
    from messages
    group by occurred_on
  ) as found
  left join (
    select
      activity_date,
      sum(events) as events,
      sum(received_seconds) as received_seconds
    from {{ this }}
    group by activity_date
  ) as built on cast(found.occurred_on as date) = built.activity_date
  where
    built.activity_date is null
    or found.events <> built.events
    or found.received_seconds <> built.received_seconds
{%- endmacro %}

{# The days of customers' events that silver holds of another batch, or in another number, than an incremental model was
   made of. Silver replaces a day as a whole, so one column of it says enough; the number of events is for a table of
   silver that was made anew, and counts its batches from 1 again. #}
{% macro changed_batches() -%}
  select found.event_date
  from (
    select
      event_date,
      max(batch) as batch,
      count(*) as events
    from {{ ref('stg_customers__events') }}
    group by event_date
  ) as found
  left join (
    select
      activity_date,
      max(batch) as batch,
      sum(events) as events
    from {{ this }}
    group by activity_date
  ) as built on cast(found.event_date as date) = built.activity_date
  where
    built.activity_date is null
    or found.batch <> built.batch
    or found.events <> built.events
{%- endmacro %}

{# Deletes the days of which `messages` holds none any more: a copy that was received earlier can have another day.
   Distinct, as PostgreSQL looks through all of them for each row of the model if it takes them for too many to hash. #}
{% macro delete_lost_days(messages, day='occurred_on') -%}
  {% if is_incremental() %}
    delete from {{ this }}
    where activity_date not in (select distinct cast({{ day }} as date) from {{ messages }})
  {% endif %}
{%- endmacro %}
