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


def internal_error(message: str, code: int, location: str, context: str = "") -> RedshiftError:
    """An error of Redshift's inside, with the block of details it comes in; `code` is one of its own."""
    rule = "-" * 47
    detail = (
        f"\n  {rule}\n  error:  {message}\n  code:      {code}\n  context:   {context}\n  query:     0\n"
        f"  location:  {location}\n  process:   padbmaster\n  {rule}"
    )
    return RedshiftError("XX000", message, detail=detail)
