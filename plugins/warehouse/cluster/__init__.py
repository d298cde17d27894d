"""A Redshift cluster and what it needs around it in an AWS account: found, created, compared, deleted."""
