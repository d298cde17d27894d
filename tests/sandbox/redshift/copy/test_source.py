"""COPY reads from the S3 it was given, and a compressed file whole or not at all."""

import io
import os
from typing import Any

import pytest
import zstandard

from sandbox.redshift.copy import source
from sandbox.redshift.copy.command import s3_path


@pytest.mark.parametrize("chunk", [1, 7, source.ZSTD_CHUNK])
def test_every_zstd_frame_is_read_and_every_cut_inside_one_refused(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "ZSTD_CHUNK", chunk)
    texts = [b'{"a":1}\n' * 50, b"", b'{"a":2}']
    frames = [zstandard.ZstdCompressor().compress(text) for text in texts]
    whole = b"".join(frames)

    def read(data: bytes) -> bytes:
        return source._decompressed(io.BytesIO(data), "ZSTD").read()

    assert b"".join(texts) == read(whole)
    ends = {sum(map(len, frames[:count])) for count in range(len(frames) + 1)}
    for cut in set(range(len(whole))) - ends:
        with pytest.raises(EOFError, match="ended inside a frame"):
            read(whole[:cut])


def test_another_s3_in_the_shell_is_not_asked(s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as that of a sandbox in the background, whose environment the shell has."""
    s3.put_object(Bucket=bucket, Key="orders/1.json", Body=b"{}")
    settings = [os.environ[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "DEFAULT_REGION")]
    ours = source.Source(os.environ["AWS_ENDPOINT_URL_S3"], *settings)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    try:
        assert ["orders/1.json"] == [found.path.key for found in ours.listed(s3_path(f"s3://{bucket}/orders/"))]
    finally:
        ours.close()
