"""A client that speaks the wire protocol in single messages, and what helps to read what it hears."""

import socket
import struct

import scramp

from sandbox.redshift import engine, messages
from sandbox.redshift.protocol import Framer, Message

SECONDS = 10


def query(sql: str) -> bytes:
    return messages.message("Q", sql.encode() + b"\0")


class Client:
    """A client that says and hears single messages, past its authentication."""

    def __init__(self, port: int, **parameters: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self._framer = Framer()
        words = {"user": engine.USER, "database": engine.DATABASE} | parameters
        self.socket.sendall(messages.start_up_message(messages.StartUp("StartupMessage", parameters=words)))
        self._log_in(words["user"])
        self.greeting = self.hear()
        (self.key,) = (message.raw[5:] for message in self.greeting if message.kind == "K")
        self.pid = int.from_bytes(self.key[:4])

    def _log_in(self, user: str) -> None:
        scram = scramp.ScramClient(["SCRAM-SHA-256"], user, engine.PASSWORD)
        self.hear("R")
        first = scram.get_client_first().encode()
        self.say(messages.message("p", b"SCRAM-SHA-256\0" + struct.pack(">i", len(first)) + first))
        scram.set_server_first(self.hear("R")[0].raw[9:].decode())
        self.say(messages.message("p", scram.get_client_final().encode()))
        scram.set_server_final(self.hear("R")[0].raw[9:].decode())

    def say(self, *words: bytes) -> None:
        self.socket.sendall(b"".join(words))

    def hear(self, until: str = "Z") -> list[Message]:
        """The answers up to the first of that type."""
        heard: list[Message] = []
        while not heard or heard[-1].kind != until:
            while (message := self._framer.next()) is None:
                data = self.socket.recv(65536)
                if not data:
                    raise EOFError(f"the server closed after {heard}")
                self._framer.receive(data)
            heard.append(message)
        return heard

    def ask(self, *words: bytes) -> list[Message]:
        self.say(*words)
        return self.hear()

    def ask_kinds(self, *words: bytes) -> str:
        return kinds(self.ask(*words))

    def rows(self, sql: str) -> list[tuple[str | None, ...]]:
        return [
            row for message in self.ask(query(sql)) if message.kind == "D" for row in messages.data_rows(message.raw)
        ]

    def ends(self) -> bool:
        """Whether the server has closed, all it said having been heard."""
        return self.socket.recv(1) == b""


def kinds(heard: list[Message]) -> str:
    """The types of messages, and after a ReadyForQuery its state."""
    return " ".join("Z" + chr(message.raw[5]) if message.kind == "Z" else message.kind for message in heard)


def error(heard: list[Message]) -> dict[str, str]:
    """The fields of the only error."""
    (raw,) = (message.raw for message in heard if message.kind == "E")
    return messages.response_fields(raw)


def tags(heard: list[Message]) -> list[str]:
    return [messages.texts(message.raw, 1)[0][0] for message in heard if message.kind == "C"]
