"""Questions to PostgreSQL, asked all at once as far as the client has put them, and its answers on their way back."""

from __future__ import annotations

import asyncio
import dataclasses

from sandbox.redshift import messages, protocol, replies
from sandbox.redshift.backend import Backend
from sandbox.redshift.channel import Channel, DisconnectedError
from sandbox.redshift.messages import FLUSH
from sandbox.redshift.protocol import Conversation, Message, ProtocolError, State
from sandbox.redshift.replies import PostgresError
from sandbox.redshift.statement import Statement

# Answers go on to the client when there are this many bytes of them, or when its next message must be waited for.
ANSWER_BYTES = 64 * 1024

# The types of message that the answers end with.
CLOSERS = {"P": "1", "B": "2", "D": "Tn", "E": "CIs", "C": "3"}

# What passes to the client as it comes, unless a question says otherwise.
_PASSING = b"123CDHITWcdnst"


@dataclasses.dataclass(slots=True, eq=False)
class Question:
    """Messages for PostgreSQL, and how its answer is passed on.

    kinds: the types of those whose answers end in the client's sight; hide: the types of answer it is not to see;
    statement: whose it is.
    """

    request: bytes
    kinds: str
    hide: bytes = b""
    statement: Statement = Statement("")  # noqa: RUF009  # it is frozen

    @property
    def passing(self) -> bytes:
        """The types of answer that need no look at them."""
        return _PASSING.translate(None, self.hide + (b"CI" if self.statement.tag else b""))


class Relay:
    """Between a client and its session of PostgreSQL; `conversation` is told when the client is to send copy data."""

    def __init__(self, client: Channel, backend: Backend, conversation: Conversation) -> None:
        self._client = client
        self._backend = backend
        self._conversation = conversation
        self._asked: list[Question] = []

    def ask(self, question: Question) -> None:
        """Have something asked by the next settle()."""
        self._asked.append(question)

    @property
    def is_settled(self) -> bool:
        return not self._asked

    async def settle(self, end: bytes = FLUSH, *, is_sent: bool = False) -> None:
        """Ask all there is to ask and pass the answers on. Raises PostgresError; the rest has no answer then.

        end: FLUSH or SYNC, after the questions; the answer to SYNC is left. is_sent: PostgreSQL has them already.
        """
        asked, self._asked = self._asked, []
        if not is_sent:
            self._send(b"".join([question.request for question in asked]) + end)
        passing = _PASSING
        for question in asked:
            passing = bytes(kind for kind in passing if kind in question.passing)
        answers = [(CLOSERS[kind], question) for question in asked for kind in question.kinds]
        number = 0
        while number < len(answers):
            message = await self._backend.next(passing)
            until, question = answers[number]
            if message.raw[0] in passing:
                for kind in message.kind:
                    number += kind in answers[number][0]
                self._client.write(message.raw)
            elif message.kind in until:
                self.close(question.statement.tag, message)
                number += 1
            else:
                self._part(message, question)
            if self._client.unsent > ANSWER_BYTES:
                await self._client.flush()

    async def carry(self, question: Question) -> Message:
        """Ask one question, in whose answer PostgreSQL may ask for copy data; the last of it is returned unsent.

        Raises PostgresError.
        """
        self._send(question.request + FLUSH)
        copy_data: asyncio.Task[None] | None = None
        try:
            while (message := await self._backend.next()).kind not in CLOSERS[question.kinds]:
                self._part(message, question)
                if message.kind == "G":
                    self._conversation.on(protocol.COPY_IN)
                    copy_data = asyncio.create_task(self._forward_copy_data())
                if message.kind in "GN" or self._client.unsent > ANSWER_BYTES:
                    await self._client.flush()
        finally:
            if copy_data is not None:
                copy_data.cancel()
                await asyncio.wait([copy_data])
                if not copy_data.cancelled() and (error := copy_data.exception()):
                    raise error
        return message

    def close(self, tag: str | None, closing: Message) -> None:
        """End an answer, by a command tag of our own if there is one."""
        self._client.write(messages.command_complete(tag) if tag and closing.kind in "CI" else closing.raw)

    def pass_on(self, message: Message) -> None:
        """Show the client a message as Redshift would word it."""
        if message.kind == "N":
            self._client.write(replies.shown_notice(message.raw))
        elif message.kind == "S":
            self._client.write(replies.shown_parameter(message.raw))
        else:
            self._client.write(message.raw)

    def _send(self, words: bytes) -> None:
        # Waiting would be for PostgreSQL, which may itself wait until its answers are read.
        self._backend.write(words)
        self._backend.send()

    def _part(self, message: Message, question: Question) -> None:
        """Pass a part of the answer to a question on. Raises PostgresError."""
        if message.kind == "E":
            raise PostgresError(messages.response_fields(message.raw))
        if message.raw[0] not in question.hide:
            self.pass_on(message)

    async def _forward_copy_data(self) -> None:
        """Send the client's copy data to PostgreSQL up to its end; PostgreSQL's answer is read elsewhere meanwhile."""
        copying = (State.COPY_IN_SIMPLE, State.COPY_IN_EXTENDED)
        try:
            while self._conversation.state in copying:
                message = await self._client.next()
                if self._conversation.on(message.kind):
                    self._backend.write(message.raw)
                    await self._backend.flush()
            if self._conversation.state is State.CLOSED:
                raise DisconnectedError
            self._backend.write(FLUSH)
            await self._backend.flush()
        except (ConnectionError, ProtocolError):
            self._backend.abort()  # which ends the reading of its answer
            raise
