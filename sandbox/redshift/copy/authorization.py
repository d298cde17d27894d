"""How a COPY shows that it may read S3: by role, which is believed when well formed, or by keys, which must be ours."""

from __future__ import annotations

import dataclasses
import re

from sandbox.redshift.errors import RedshiftError, unsupported

ROLE = re.compile(r"arn:aws(-[a-z]+)*:iam::\d{12}:role/[\w+=,.@/-]*[\w+=.@-]")
CREDENTIAL_KEYS = frozenset(
    {"aws_iam_role", "aws_access_key_id", "aws_secret_access_key", "token", "master_symmetric_key"}
)


@dataclasses.dataclass(frozen=True)
class Authorization:
    """Either `role` ('default' or one or more ARNs) or an access key with its secret."""

    role: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None


def from_role(role: str) -> Authorization:
    """IAM_ROLE default | 'arn[,arn]'; RedshiftError when an ARN is malformed."""
    if role != "default":
        for arn in re.split(r",(?=arn:)", role):
            if not ROLE.fullmatch(arn):
                raise RedshiftError(
                    "XX000",
                    f"Invalid IAM role ARN '{arn}'. Must be of the format: 'arn:aws:iam::<account>:role/<name>'",
                )
    return Authorization(role=role)


def from_keys(access_key_id: str, secret_access_key: str | None) -> Authorization:
    """ACCESS_KEY_ID '..' SECRET_ACCESS_KEY '..'."""
    if not access_key_id or not secret_access_key:
        raise RedshiftError("XX000", "ACCESS_KEY_ID and SECRET_ACCESS_KEY are needed together")
    return Authorization(access_key_id=access_key_id, secret_access_key=secret_access_key)


def from_credentials(text: str) -> Authorization:
    """CREDENTIALS 'k=v;...': keys are case-sensitive, no blanks or newlines anywhere."""
    pairs = [part.partition("=") for part in text.split(";") if part]
    given = {key: value for key, _, value in pairs}
    by_keys = given.keys() >= {"aws_access_key_id", "aws_secret_access_key"}
    if (
        re.search(r"\s", text)
        or not given.keys() <= CREDENTIAL_KEYS
        or ("aws_iam_role" in given) == by_keys
        or not all(given.values())
    ):
        raise RedshiftError(
            "XX000",
            "Invalid credentials. Must be of the format: credentials 'aws_iam_role=...' or"
            " 'aws_access_key_id=...;aws_secret_access_key=...[;token=...]'",
        )
    if "master_symmetric_key" in given:
        raise unsupported("COPY with master_symmetric_key")
    if by_keys:
        return from_keys(given["aws_access_key_id"], given["aws_secret_access_key"])
    return from_role(given["aws_iam_role"])


def check_keys(authorization: Authorization, access_key_id: str, secret_access_key: str) -> None:
    """S3's own refusal, as COPY reports it, when keys were given that are not those of this sandbox."""
    if authorization.access_key_id is None:
        return
    if authorization.access_key_id != access_key_id:
        text, code = "The AWS Access Key Id you provided does not exist in our records.", "InvalidAccessKeyId"
    elif authorization.secret_access_key != secret_access_key:
        text = (
            "The request signature we calculated does not match the signature you provided."
            " Check your key and signing method."
        )
        code = "SignatureDoesNotMatch"
    else:
        return
    raise RedshiftError("XX000", f"S3ServiceException:{text},Status 403,Error {code}")
