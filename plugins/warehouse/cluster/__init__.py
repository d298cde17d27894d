"""Finds, creates, compares and deletes a Redshift cluster and the AWS resources it needs."""
