"""A local Amazon Redshift: Redshift's wire protocol, SQL and COPY in front of a private PostgreSQL."""
