{{ config(materialized='view', bind=False) }}
select id, customer as buyer, amount / 3 as third from {{ ref('orders') }}
