{{ config(dist='customer', sort=['ordered_on', 'id'], sort_type='compound') }}
select
    id::bigint as id,
    customer::varchar(40) as customer,
    amount::decimal(10, 2) as amount,
    ordered_on,
    paid
from {{ ref('raw_orders') }}
