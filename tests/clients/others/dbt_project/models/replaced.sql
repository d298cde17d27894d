{{ config(
    materialized='incremental', incremental_strategy='delete+insert', unique_key=['id', 'customer'],
    dist='all', sort=['id', 'customer'], sort_type='interleaved'
) }}
select id, customer, amount from {{ ref('orders') }}
