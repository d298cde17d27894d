"""A TCP proxy before the sandbox's Redshift that cuts the connection after so many bytes of the server's answers."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator


class CuttingProxy:
    """Passes on the bytes of connections made to its `port`; `sent` counts those of the server."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.sent = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        """Take connections, one after another, until the listener is closed."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection((os.environ["PGHOST"], int(os.environ["PGPORT"])))
                threading.Thread(target=self.pass_on, args=(client, server), daemon=True).start()
                self.pass_back(server, client)

    def pass_on(self, client: socket.socket, server: socket.socket) -> None:
        """What the client says."""
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                server.sendall(data)

    def pass_back(self, server: socket.socket, client: socket.socket) -> None:
        """What the server says, up to the limit."""
        with contextlib.suppress(OSError):
            while self.sent < self.limit and (data := server.recv(65536)):
                data = data[: int(min(len(data), self.limit - self.sent))]
                client.sendall(data)
                self.sent += len(data)
        for end in (client, server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextlib.contextmanager
def cutting_proxy(limit: float = float("inf")) -> Iterator[CuttingProxy]:
    """A proxy that cuts after `limit` bytes."""
    proxy = CuttingProxy(limit)
    try:
        yield proxy
    finally:
        proxy.listener.close()
