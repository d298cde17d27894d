"""TLS at the endpoint: a certificate by an authority of the sandbox's own, both made once and kept in its state."""

from __future__ import annotations

import datetime
import ipaddress
import shutil
import socket
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY = "authority.crt"  # what a client is to trust
_CERTIFICATE, _KEY = "server.crt", "server.key"
_LIFE = datetime.timedelta(days=3650)


def context(folder: Path) -> ssl.SSLContext:
    """What the endpoint shows its clients; made in `folder` where that is not yet there."""
    if not folder.exists():
        unfinished = folder.with_name(f"{folder.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o755, parents=True)
        _make(unfinished)
        unfinished.rename(folder)
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.minimum_version = ssl.TLSVersion.TLSv1_2
    shown.num_tickets = 0  # libpq takes no session up again
    shown.load_cert_chain(folder / _CERTIFICATE, folder / _KEY)
    return shown


def _make(folder: Path) -> None:
    """An authority, which signs this one certificate: nobody keeps its key."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of this sandbox")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName(name) for name in dict.fromkeys(("localhost", socket.gethostname()))]
    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", "::1")]
    authority = (
        _unsigned(issuer, issuer, authority_key.public_key(), authority_key.public_key(), is_authority=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    certificate = (
        _unsigned(subject, issuer, key.public_key(), authority_key.public_key(), is_authority=False)
        .add_extension(x509.SubjectAlternativeName([*names, *addresses]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    for file, made in ((AUTHORITY, authority), (_CERTIFICATE, certificate)):
        (folder / file).write_bytes(made.public_bytes(serialization.Encoding.PEM))
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / _KEY).touch(mode=0o600)
    (folder / _KEY).write_bytes(text)


def _unsigned(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
    *,
    is_authority: bool,
) -> x509.CertificateBuilder:
    """A certificate with what those who check strictly (Python 3.13 by default) look for."""
    now = datetime.datetime.now(datetime.UTC)
    signs_certificates = dict.fromkeys(("key_cert_sign", "crl_sign"), is_authority)
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        **signs_certificates,
        **dict.fromkeys((*others, "encipher_only", "decipher_only"), False),
    )
    return (
        x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )
