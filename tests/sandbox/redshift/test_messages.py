"""The wire protocol's messages: what is made and read here, to the last byte."""

import struct

import pytest

from sandbox.redshift import messages
from sandbox.redshift.protocol import ProtocolError

# --- start-up ---

REDSHIFT_CONNECTOR = {
    "user": "awsuser",
    "database": "dev",
    "application_name": "",
    "client_protocol_version": "2",
    "driver_version": "Redshift Python Driver 2.2.0",
    "os_version": "Linux",
    "driver_discovery_version": "1",
}


def start_up_packet(parameters: dict[str, str], version: int = 196608) -> bytes:
    words = b"".join(word.encode() + b"\0" for pair in parameters.items() for word in pair)
    return struct.pack(">i", version) + words + b"\0"


def test_postgresql_is_told_only_the_parameters_it_knows():
    start = messages.parse_start_up(start_up_packet(REDSHIFT_CONNECTOR | {"_pq_.compression": "zstd"}))
    assert REDSHIFT_CONNECTOR["driver_version"] == start.parameters["driver_version"]
    expected = b"\0\0\0\x35\0\x03\0\0user\0awsuser\0database\0dev\0application_name\0\0\0"
    assert expected == messages.start_up_message(start)


def test_the_database_is_the_users_name_if_not_given():
    start = messages.parse_start_up(start_up_packet({"user": "ann"}))
    assert b"\0\0\0\x1f\0\x03\0\0user\0ann\0database\0ann\0\0" == messages.start_up_message(start)


@pytest.mark.parametrize(
    ("packet", "event"),
    [
        (struct.pack(">i", 80877103), "SSLRequest"),
        (struct.pack(">i", 80877104), "GSSENCRequest"),
        (struct.pack(">iii", 80877102, 7, 8), "CancelRequest"),
        (start_up_packet({"user": "ann"}), "StartupMessage"),
    ],
)
def test_start_up_packets_are_told_apart(packet, event):
    assert event == messages.parse_start_up(packet).event


def test_a_cancel_request_goes_on_as_it_came():
    packet = struct.pack(">iiii", 16, 80877102, 7, 8)
    assert packet == messages.cancel_request(messages.parse_start_up(packet[4:]).key)


@pytest.mark.parametrize("length", [0, 7, 10_001, 0x47455420])  # the last is how "GET /" begins
def test_a_start_up_packet_of_impossible_length_is_refused(length):
    with pytest.raises(ProtocolError, match="invalid length of startup packet"):
        messages.start_up_length(struct.pack(">i", length))


@pytest.mark.parametrize(
    ("packet", "sqlstate", "words"),
    [
        (start_up_packet({}, 2 << 16), "0A000", "unsupported frontend protocol 2.0"),
        (start_up_packet({"user": "ann"})[:-1], "08P01", "expected terminator as last byte"),
        (struct.pack(">i", 196608) + b"user\0\0", "08P01", "expected terminator as last byte"),
    ],
)
def test_a_malformed_start_up_packet_is_refused(packet, sqlstate, words):
    with pytest.raises(ProtocolError, match=words) as refused:
        messages.parse_start_up(packet)
    assert sqlstate == refused.value.sqlstate


# --- messages made here ---


@pytest.mark.parametrize(
    ("expected", "made"),
    [
        (b"P\0\0\0\x11s\0select 1\0\0\0", messages.parse("s", "select 1")),
        (
            b"P\0\0\0\x15\0select $1\0\0\x01\0\0\x02\xc1",
            messages.parse("", "select $1", b"\0\x01\0\0\x02\xc1"),
        ),
        (b"B\0\0\0\x0c\0\0\0\0\0\0\0\0", messages.bind()),
        (
            b"B\0\0\0\x17p\0s\0\0\0\0\x02\0\0\0\x01x\xff\xff\xff\xff\0\0",
            messages.bind("p", "s", ["x", None]),
        ),
        (b"D\0\0\0\x06P\0", messages.describe("P")),
        (b"E\0\0\0\x09\0\0\0\0\0", messages.execute()),
        (b"C\0\0\0\x07Ss\0", messages.close("S", "s")),
        (b"S\0\0\0\x04", messages.SYNC),
        (b"H\0\0\0\x04", messages.FLUSH),
        (b"d\0\0\0\x06a\n", messages.copy_data(b"a\n")),
        (b"c\0\0\0\x04", messages.COPY_DONE),
        (b"f\0\0\0\x07no\0", messages.copy_fail("no")),
        (b"C\0\0\0\x09COPY\0", messages.command_complete("COPY")),
        (b"S\0\0\0\x08a\0b\0", messages.parameter_status("a", "b")),
        (b"E\0\0\0\x13SERROR\0C0A000\0\0", messages.response("E", {"S": "ERROR", "C": "0A000"})),
    ],
)
def test_messages_are_made_to_the_last_byte(expected, made):
    assert expected == made


def test_text_in_any_encoding_passes_unchanged():
    latin1 = messages.message("Q", b"select '\xe9'\0")
    (sql,), rest = messages.texts(latin1, 1)
    assert b"P\0\0\0\x12\0select '\xe9'\0\0\0" == messages.parse("", sql)
    assert b"" == rest


def test_a_text_without_its_end_is_a_violation():
    with pytest.raises(ProtocolError, match="invalid string in message"):
        messages.texts(messages.message("P", b"name\0select 1"), 2)


def test_rows_are_read_from_a_run_of_them():
    first = messages.message("D", b"\0\x02\0\0\0\x02\xc3\xa9\xff\xff\xff\xff")
    second = messages.message("D", b"\0\x02\0\0\0\0\0\0\0\x011")
    assert [("é", None), ("", "1")] == list(messages.data_rows(first + second))


def test_fields_of_a_response_come_back():
    fields = {"S": "ERROR", "C": "XX000", "M": "1023", "D": "line one\nline two"}
    assert fields == messages.response_fields(messages.response("E", fields))
