"""S3 as COPY reads it: keys by prefix or manifest, many GETs in flight, contents in order and decompressed."""

from __future__ import annotations

import bz2
import codecs
import collections
import concurrent.futures
import dataclasses
import datetime
import gzip
import io
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, cast

import obstore
import obstore.exceptions
import zstandard
from obstore.store import S3Store

from sandbox.redshift.copy.command import S3Path, s3_path
from sandbox.redshift.copy.rows import FieldError
from sandbox.redshift.errors import RedshiftError, internal_error

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

IN_FLIGHT = 32  # GETs at once; beyond it a local S3 gets no faster
WHOLE = 1024 * 1024  # bytes: objects up to this size are fetched ahead, whole; larger ones are streamed
ZSTD_CHUNK = 16 * 1024  # bytes of compressed data at a time: what comes of them is held in memory, and may be much more
CHUNK = 4 * 1024 * 1024  # bytes of a stream handed over at a time; one more is read ahead
ERRORS = (obstore.exceptions.BaseError, OSError)


@dataclasses.dataclass(frozen=True)
class S3Object:
    """An object of the load, `size` in bytes as stored."""

    path: S3Path
    size: int


class Source:
    """One COPY's view of S3. Use as a context manager; its methods block, so call them in a thread."""

    def __init__(self, endpoint: str, access_key_id: str, secret_access_key: str, region: str) -> None:
        self.endpoint = endpoint
        self.credentials = (access_key_id, secret_access_key, region)
        self.stores: dict[str, S3Store] = {}
        self.pool = concurrent.futures.ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="copy-get")

    def close(self) -> None:
        self.pool.shutdown(cancel_futures=True)

    def listed(self, prefix: S3Path) -> list[S3Object]:
        """All objects whose key begins with the prefix, in key order; RedshiftError when there is none."""
        found = self._objects(prefix)
        if not found:
            raise _with_detail(f"The specified S3 prefix '{prefix.key}' does not exist", "s3_utility.cpp")
        return sorted(found, key=lambda each: each.path.key.encode())

    def _objects(self, prefix: S3Path) -> list[S3Object]:
        # object_store matches whole path segments only, while S3's prefix may end anywhere in a name
        folder = prefix.key.rpartition("/")[0]
        try:
            return [
                S3Object(S3Path(prefix.bucket, entry["path"]), entry["size"])
                for entries in obstore.list(self._store(prefix.bucket), folder or None)
                for entry in entries
                if entry["path"].startswith(prefix.key)
            ]
        except ERRORS as error:
            raise _refusal(error) from error

    def keys(self, prefix: S3Path) -> list[str]:
        """All keys that begin with the prefix."""
        return [found.path.key for found in self._objects(prefix)]

    def put(self, path: S3Path, content: bytes) -> None:
        """Write an object, over one of that key if there is one."""
        try:
            obstore.put(self._store(path.bucket), path.key, content)
        except ERRORS as error:
            raise _refusal(error) from error

    def delete(self, bucket: str, keys: Sequence[str]) -> None:
        """Delete objects, if there are any."""
        try:
            obstore.delete(self._store(bucket), keys)
        except ERRORS as error:
            raise _refusal(error) from error

    def manifest(self, path: S3Path, sized: bool = False) -> list[S3Object]:
        """The objects a manifest names, in its order, twice if named twice; optional ones that are missing left out.

        sized: an entry without meta.content_length is refused.
        """
        needs_full_path = _with_detail(
            "COPY with MANIFEST parameter requires full path of an S3 object", "s3_utility.cpp"
        )
        if not path.key or path.key.endswith("/"):
            raise needs_full_path
        try:
            content = json.loads(self.get(path).decode("utf-8"))
            entries = [(s3_path(entry["url"]), entry.get("mandatory", False) is True) for entry in content["entries"]]
            all_sized = not sized or all("content_length" in entry.get("meta", {}) for entry in content["entries"])
        except FileNotFoundError as error:
            raise RedshiftError("XX000", f"Problem reading manifest file - {_refusal(error).message}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise needs_full_path from error
        if not all_sized:
            raise RedshiftError("XX000", f"manifest {path} needs meta.content_length for each file of this format")
        found = []
        for (entry, mandatory), size in zip(entries, self.pool.map(self._size, [e for e, _ in entries]), strict=True):
            if size is not None:
                found.append(S3Object(entry, size))
            elif mandatory:
                raise _with_detail(
                    f"The specified key does not exist: mandatory manifest entry {entry}", "s3_utility.cpp"
                )
        if not found:
            raise _with_detail(f"None of the {len(entries)} files of manifest {path} exists", "s3_utility.cpp")
        return found

    def get(self, path: S3Path) -> bytes:
        """A whole object; FileNotFoundError when the key is missing, RedshiftError for all other refusals."""
        try:
            return bytes(obstore.get(self._store(path.bucket), path.key).bytes())
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise _refusal(error) from error
            raise
        except ERRORS as error:
            raise _refusal(error) from error

    def contents(self, objects: Iterable[S3Object], compression: str | None) -> Iterator[tuple[S3Object, BinaryIO]]:
        """Each object with a stream of its decompressed bytes, in order."""
        ahead: collections.deque[tuple[S3Object, concurrent.futures.Future[bytes] | None]] = collections.deque()
        waiting = iter(objects)
        while True:
            for each in itertools.islice(waiting, IN_FLIGHT - len(ahead)):
                ahead.append((each, self.pool.submit(self._existing, each.path) if each.size <= WHOLE else None))
            if not ahead:
                return
            current, whole = ahead.popleft()
            # a stream, not ranges: rclone answers a range with status 200, which object_store refuses
            stream = io.BytesIO(whole.result()) if whole else self._opened(current.path)
            yield current, _decompressed(stream, compression)

    def _opened(self, path: S3Path) -> BinaryIO:
        try:
            response = obstore.get(self._store(path.bucket), path.key)
        except ERRORS as error:
            raise _refusal(error) from error
        return _file(_read_ahead(iter(response.stream(min_chunk_size=CHUNK)), self.pool))

    def _existing(self, path: S3Path) -> bytes:
        try:
            return self.get(path)
        except FileNotFoundError as error:  # listed a moment ago
            raise _refusal(error) from error

    def _size(self, path: S3Path) -> int | None:
        try:
            return obstore.head(self._store(path.bucket), path.key)["size"]
        except FileNotFoundError:
            return None
        except ERRORS as error:
            raise _refusal(error) from error

    def _store(self, bucket: str) -> S3Store:
        if bucket not in self.stores:
            key, secret, region = self.credentials
            self.stores[bucket] = S3Store(
                bucket,
                # not `endpoint`, which the variable AWS_ENDPOINT_URL_S3 of a caller's shell would overrule
                aws_endpoint_url_s3=self.endpoint,
                access_key_id=key,
                secret_access_key=secret,
                region=region,
                # the time-out is for a whole body, which a slow client of ours may take long to read
                client_options={"allow_http": True, "timeout": datetime.timedelta(hours=6)},
                # Redshift retries for minutes; here a failure is one of the set-up and is to be seen at once
                retry_config={"max_retries": 1, "retry_timeout": datetime.timedelta(seconds=5)},
            )
        return self.stores[bucket]


class _Chunks(io.RawIOBase):
    """Chunks of bytes, one after another, as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks = chunks
        self.current = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        while not self.current:
            chunk = next(self.chunks, None)
            if chunk is None:
                return 0
            self.current = memoryview(chunk)
        target = memoryview(buffer)
        count = min(len(target), len(self.current))
        target[:count] = self.current[:count]
        self.current = self.current[count:]
        return count


def _file(chunks: Iterator[bytes]) -> BinaryIO:
    return io.BufferedReader(_Chunks(chunks), 2**20)


def _read_ahead(chunks: Iterator[bytes], pool: concurrent.futures.Executor) -> Iterator[bytes]:
    """The chunks of a large object: one GET, its next chunk read while this one is used."""

    def following() -> bytes:
        try:
            return bytes(next(chunks, b""))
        except ERRORS as error:
            raise _refusal(error) from error

    coming = pool.submit(following)
    while chunk := coming.result():
        coming = pool.submit(following)
        yield chunk


def _zstd_frames(stream: BinaryIO) -> Iterator[bytes]:
    """The contents of one frame after another. EOFError when the file ends inside one.

    zstandard's own stream_reader takes such an end for the end of the contents.
    """
    decompressor = zstandard.ZstdDecompressor()
    frame: zstandard.ZstdDecompressionObj | None = None
    coming = b""
    while compressed := coming or stream.read(ZSTD_CHUNK):
        frame = frame or decompressor.decompressobj()
        yield frame.decompress(compressed)
        coming = frame.unused_data
        if frame.eof:
            frame = None
    if frame is not None:
        raise EOFError("compressed file ended inside a frame")


def in_utf8(stream: BinaryIO, encoding: str) -> BinaryIO:
    """A file in one of COPY's encodings read as UTF-8; FieldError 1221 when it is in another than it was said to be.

    What is no UTF-16 comes out as bytes that are no UTF-8, one a byte of what a code point of its size would take.
    """
    if encoding == "UTF8":
        return stream
    codec = {"ISO88591": "latin-1", "UTF16LE": "utf-16-le", "UTF16BE": "utf-16-be"}.get(encoding)
    first = b""
    if encoding != "ISO88591":
        first = stream.read(2)
        marked = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}.get(first)
        if encoding == "UTF16" and not marked:
            raise FieldError(1221, "File has no byte order mark, which ENCODING UTF16 needs")
        codec = codec or marked
        first = b"" if codec == marked else first
    return _file(_recoded(itertools.chain([first], iter(lambda: stream.read(CHUNK), b"")), codec or ""))


def _recoded(chunks: Iterator[bytes], codec: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(codec)("surrogatepass")
    try:
        for chunk in chunks:
            yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise RedshiftError("XX000", f"the file is not in {codec}: {error.reason}") from error


def _decompressed(stream: BinaryIO, compression: str | None) -> BinaryIO:
    """Never sniffed: without the keyword the bytes are what they are."""
    if compression == "GZIP":
        return cast(BinaryIO, gzip.GzipFile(fileobj=stream))
    if compression == "BZIP2":
        return cast(BinaryIO, bz2.BZ2File(stream))
    if compression == "ZSTD":
        return _file(_zstd_frames(stream))
    return stream


def _refusal(error: Exception) -> RedshiftError:
    """S3's refusal in the words of COPY."""
    text = str(error)
    code = re.search(r"<Code>(.*?)</Code>", text)
    said = re.search(r"<Message>(.*?)</Message>", text)
    status = re.search(r"status code: (\d+)", text)
    if not code or not status:
        return RedshiftError("XX000", f"S3ServiceException:{text.splitlines()[0]}")
    known = {"NoSuchKey": "The specified key does not exist.", "NoSuchBucket": "The specified bucket does not exist"}
    message = said[1] if said else known.get(code[1], code[1])
    return RedshiftError("XX000", f"S3ServiceException:{message},Status {status[1]},Error {code[1]}")


def _with_detail(message: str, location: str) -> RedshiftError:
    return internal_error(message, 8001, location)  # its code for what is wrong with S3
