"""COPY from S3: text in, rows in the client's own transaction, errors and notices as Redshift has them."""

from sandbox.redshift.copy.load import CopyFailed, CopyHost, CopyOutcome, CopySettings, copy_from_s3

__all__ = ["CopyFailed", "CopyHost", "CopyOutcome", "CopySettings", "copy_from_s3"]
