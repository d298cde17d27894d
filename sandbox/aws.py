"""S3 by rclone over plain folders, one a bucket, and the other AWS APIs by moto's server."""

from __future__ import annotations

import asyncio
import re
import socket
import sys
import sysconfig
from pathlib import Path

from sandbox.processes import PROJECT, Children, SandboxError, wait_until

REGION = "us-west-2"
# The example keys of AWS's own documentation: of the right shape, known to be nobody's.
ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # noqa: S105  # an example

HOST = "127.0.0.1"  # where clients on this machine reach the services, whatever address these listen on
STARTED = re.compile(r"Starting s3 server on \[http://\S+:(\d+)/")

# moto's own command binds its port only after two seconds of imports. Given a socket that listens already,
# what calls it earlier waits in the socket's queue, and nobody else has to wait.
MOTO = """
import sys
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server
from sandbox.moto_additions import add
add()
descriptor, port = map(int, sys.argv[1:])
application = DomainDispatcherApplication(create_backend_app)
server = make_server("127.0.0.1", port, application, True, request_handler=MotoRequestHandler, fd=descriptor)
server.serve_forever()
"""


def lay_out_buckets(folder: Path, buckets: Path | None) -> None:
    """Make `folder` hold a link to every bucket (folder) in `buckets`, beside the buckets that were created in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in folder.iterdir():
        if entry.is_symlink():
            entry.unlink()  # of an earlier start, perhaps with other buckets
    for bucket in bucket_folders(buckets):
        link = folder / bucket.name
        if link.exists():
            raise SandboxError(f"bucket {bucket.name} is both in {buckets} and in {folder}: rename or remove one")
        link.symlink_to(bucket.resolve())


def bucket_folders(buckets: Path | None) -> list[Path]:
    """The folders of `buckets`, each a bucket; files and hidden folders are none."""
    if buckets is None:
        return []
    if not buckets.is_dir():
        raise SandboxError(f"expected a folder with one folder per bucket, got {buckets}")
    return sorted(entry for entry in buckets.iterdir() if entry.is_dir() and not entry.name.startswith("."))


async def start_s3(children: Children, folder: Path, host: str, port: int) -> str:
    """Serve `folder` as S3 on the address `host` and return its URL. `port` 0: a free one."""
    rclone = Path(sysconfig.get_path("scripts")) / "rclone"
    if not rclone.exists():
        raise SandboxError(f"{rclone} does not exist: run make env")
    child = await children.start(
        "s3",
        [
            *(rclone, "serve", "s3", folder, "--config", "", "--addr", f"{host}:{port}"),
            "--copy-links",
            *("--dir-cache-time", "1s"),  # a file put into a folder by hand appears; the default hides it for 5 minutes
        ],
        # the variable of --auth-key, which may be given several times: a list in CSV of pairs with a comma in them
        environment={"RCLONE_AUTH_KEY": f'"{ACCESS_KEY_ID},{SECRET_ACCESS_KEY}"'},
    )

    def address() -> re.Match[str] | None:
        return STARTED.search(child.log.read_text(errors="replace"))

    async def started() -> bool:
        return address() is not None

    await wait_until(started, child)
    found = address()
    assert found is not None
    return f"http://{HOST}:{found.group(1)}"


async def start_aws_when_called(children: Children, listener: socket.socket) -> None:
    """Serve all AWS APIs but S3 on a socket that listens already, from the first call on.

    Most uses call S3 only, and moto's imports cost three seconds of a processor and 100 MB.
    """
    called = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(listener, called.set)
    try:
        await called.wait()
    finally:
        loop.remove_reader(listener)
    descriptor, port = listener.fileno(), listener.getsockname()[1]
    await children.start(
        "aws",
        [sys.executable, "-c", MOTO, str(descriptor), str(port)],
        inherit=[descriptor],
        environment={"PYTHONPATH": str(PROJECT)},  # for our additions
    )
    listener.close()  # or who calls after the server's end would wait for ever
