"""Decompression: a file is read whole or refused."""

import io

import pytest
import zstandard

from sandbox.redshift.copy import source


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
