"""The report and the page in the Airflow UI."""
