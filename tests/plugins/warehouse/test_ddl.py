"""What a table's .sql file says: its header, its columns with their comments, and why its rows are where they are."""

from __future__ import annotations

import pytest

from warehouse.ddl import Column, read_table_file

TEXT = """-- Purpose: the receipts
--   of the shop.
-- Grain: each row is one receipt.
-- Parameter: table = shop.receipts; the table to create
CREATE TABLE IF NOT EXISTS {{ table }} (
    till VARCHAR(16) NOT NULL,  -- the till, A or B
    number INTEGER NOT NULL,    -- its number
    price NUMERIC(10, 2),       -- in crowns; NULL when unknown
    weight DOUBLE PRECISION,    -- in kilograms
    PRIMARY KEY (till, number)
)
-- Long, and joined by number.
-- Most questions are about one till.
DISTKEY (number)
SORTKEY (till);
"""


def test_a_table_file_is_read_as_it_is_written():
    """A header's entry may go on in the next line; a comment may have commas and brackets."""
    table = read_table_file(TEXT, "receipts.sql")
    assert [
        Column("till", "VARCHAR(16)", True, "the till, A or B"),
        Column("number", "INTEGER", True, "its number"),
        Column("price", "NUMERIC(10, 2)", False, "in crowns; NULL when unknown"),
        Column("weight", "DOUBLE PRECISION", False, "in kilograms"),
    ] == table.columns
    assert "The receipts of the shop. Each row is one receipt." == table.description
    assert ("till", "number") == table.primary_key
    assert ["DISTKEY (number)", "SORTKEY (till)"] == table.attributes
    assert "Long, and joined by number. Most questions are about one till." == table.reason


@pytest.mark.parametrize("line", ["    weight DOUBLE PRECISION,", "    weight double precision,  -- in kilograms"])
def test_another_layout_is_refused_by_file_and_line(line):
    """Its comment would be missing in the database, or its column in the dictionary."""
    text = TEXT.replace("    weight DOUBLE PRECISION,    -- in kilograms", line)
    with pytest.raises(ValueError, match=r"receipts\.sql:9: cannot read '    weight .* expected `name TYPE"):
        read_table_file(text, "receipts.sql")
