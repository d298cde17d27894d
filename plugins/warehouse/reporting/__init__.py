"""The report, the record of each run, and the pages in the Airflow UI that show them."""
