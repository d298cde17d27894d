{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id', dist='even') }}
select id, customer, amount from {{ ref('orders') }}
{% if is_incremental() %}
where ordered_on >= (select max(ordered_on) from {{ ref('orders') }}) - 3
{% endif %}
