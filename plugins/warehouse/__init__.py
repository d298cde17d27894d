"""Generic operators that stage, load, check and publish a star schema on Amazon Redshift."""
