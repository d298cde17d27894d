"""What the tests of the documents share with the pipeline's own."""

from __future__ import annotations

from tests.end_to_end import conftest as end_to_end
from tests.end_to_end import test_corrections

lake = end_to_end.lake
warehouse_dag = end_to_end.warehouse_dag
tables = end_to_end.tables
pipeline = end_to_end.pipeline
reader = end_to_end.reader
empty_warehouse = end_to_end.empty_warehouse
prepared = end_to_end.prepared
published = end_to_end.published
two_days = test_corrections.two_days
