"""The error every part of the local Redshift raises: what the client is to see, as Redshift would word it."""


class RedshiftError(Exception):
    """A statement fails with this SQLSTATE and these texts; the client's transaction fails with it.

    `sqlstate` is XX000 for what Redshift raises itself, 42601 for syntax, 0A000 for what this sandbox refuses by name.
    """

    def __init__(self, sqlstate: str, message: str, detail: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message
        self.detail = detail
        self.hint = hint


def unsupported(construct: str, hint: str | None = None) -> RedshiftError:
    """The refusal of something Redshift may know and this sandbox does not: SQLSTATE 0A000, naming it."""
    return RedshiftError("0A000", f"the sandbox does not support {construct}", hint=hint)
