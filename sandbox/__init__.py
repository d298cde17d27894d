"""A laptop-sized AWS: a local Redshift, S3 and the AWS APIs around them, on this machine's loopback interface."""
