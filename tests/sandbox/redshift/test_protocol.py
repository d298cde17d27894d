"""Framing and states, without any connection."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.redshift import messages
from sandbox.redshift.protocol import (
    COPY_IN,
    ERROR,
    FRONTEND_LIMITS,
    READY_FOR_QUERY,
    TRANSITIONS,
    Conversation,
    Framer,
    Message,
    ProtocolError,
    State,
)


def frames(*pieces: bytes, limits=FRONTEND_LIMITS) -> list[Message]:
    """All messages a framer makes of a stream that comes in these pieces."""
    framer, found = Framer(limits), []
    for piece in pieces:
        framer.receive(piece)
        while message := framer.next():
            found.append(message)
    return found


def conversation(*events: str) -> Conversation:
    """A client past authentication, after these events."""
    talk = Conversation()
    for event in ("StartupMessage", READY_FOR_QUERY, *events):
        talk.on(event)
    return talk


# --- framing ---


def test_messages_of_one_piece_come_apart():
    assert [Message("Q", b"Q\0\0\0\x0dselect 1\0"), Message("S", b"S\0\0\0\x04")] == frames(
        b"Q\0\0\0\x0dselect 1\0S\0\0\0\x04"
    )


def test_a_message_waits_for_its_last_byte():
    framer = Framer(FRONTEND_LIMITS)
    for byte in b"S\0\0\0":
        framer.receive(bytes([byte]))
        assert framer.next() is None
    framer.receive(b"\x04")
    assert Message("S", messages.SYNC) == framer.next()
    assert framer.next() is None


def test_unbroken_runs_of_rows_stay_together():
    row, notice = messages.message("D", b"\0\0"), messages.message("N", b"\0")
    assert [Message("D", row * 3), Message("N", notice), Message("D", row)] == frames(
        row * 3 + notice + row, limits=None
    )


def test_runs_are_only_of_rows_and_copy_data():
    assert [Message("S", messages.SYNC), Message("S", messages.SYNC)] == frames(messages.SYNC * 2)


any_message = st.builds(messages.message, st.sampled_from("QPBDECHSXdcf"), st.binary(max_size=300))


@given(st.lists(any_message, max_size=12), st.data())
def test_any_split_of_the_stream_gives_the_same_messages(sent, data):
    stream = b"".join(sent)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)))))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    found = frames(*pieces)
    assert stream == b"".join(message.raw for message in found)
    assert [message[:1] for message in sent if message[:1] not in b"Dd"] == [
        message.kind.encode() for message in found if message.kind not in "Dd"
    ]
    # Each is whole: cutting it again gives it back as it is.
    assert all([message] == frames(message.raw) for message in found)


@pytest.mark.parametrize(
    ("garbage", "words"),
    [
        (b"G\0\0\0\x04", "invalid frontend message type 71"),
        (b"Q\x7f\xff\xff\xff", "invalid message length 2147483647 of message type Q"),
        (b"S\0\0\x27\x11", "invalid message length 10001 of message type S"),
        (b"Q\0\0\0\x03", "invalid message length 3 of message type Q"),
    ],
)
def test_garbage_is_noticed_by_its_header_and_after_what_was_good(garbage, words):
    framer = Framer(FRONTEND_LIMITS)
    framer.receive(messages.SYNC + garbage)
    assert Message("S", messages.SYNC) == framer.next()
    with pytest.raises(ProtocolError, match=words):
        framer.next()


# --- states ---


@pytest.mark.parametrize(
    ("events", "state"),
    [
        (("Q",), State.SIMPLE),
        (("Q", READY_FOR_QUERY), State.READY),
        (("Q", ERROR), State.SIMPLE),
        (("P", "B", "D", "E"), State.EXTENDED),
        (("P", "B", "E", "S"), State.SYNCING),
        (("P", "B", "E", "S", ERROR, READY_FOR_QUERY), State.READY),
        (("P", ERROR, "B", "E", "Q"), State.SKIPPING),
        (("P", ERROR, "B", "S", READY_FOR_QUERY), State.READY),
        (("Q", COPY_IN, "d", "d"), State.COPY_IN_SIMPLE),
        (("Q", COPY_IN, "d", "c"), State.SIMPLE),
        (("Q", COPY_IN, ERROR, READY_FOR_QUERY, "d", "c"), State.READY),
        (("P", "B", "E", COPY_IN, "S", "H", "d"), State.COPY_IN_EXTENDED),
        (("P", "B", "E", COPY_IN, "d", "f", ERROR), State.SKIPPING),
        (("X",), State.CLOSED),
    ],
)
def test_a_conversation_goes_by_the_table(events, state):
    assert state is conversation(*events).state


def test_what_comes_late_or_after_an_error_is_dropped():
    assert not conversation().on("d")
    assert not conversation("P", ERROR).on("E")
    assert not conversation("E", COPY_IN).on("S")


@pytest.mark.parametrize(("events", "message"), [(("Q", COPY_IN), "Q"), (("X",), "Q"), ((), "p")])
def test_what_is_not_in_the_table_is_a_violation(events, message):
    with pytest.raises(ProtocolError, match=f'unexpected message "{message}" while'):
        conversation(*events).on(message)


def test_every_state_can_be_reached_and_left():
    reached = {after for transitions in TRANSITIONS.values() for after in transitions.values()} - {None}
    assert set(State) == reached == set(TRANSITIONS)
    assert {State.CLOSED} == {state for state, transitions in TRANSITIONS.items() if not transitions}
