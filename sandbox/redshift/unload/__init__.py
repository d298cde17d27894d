"""UNLOAD: the rows of a query into objects of S3."""

from sandbox.redshift.unload.run import UnloadHost, unload_to_s3

__all__ = ["UnloadHost", "unload_to_s3"]
