"""The local certificate authority, made at the first start, and the certificates it signs.

The brokers' own certificate is also how they know each other and how `weir up` gives users their
passwords and rights: whoever holds it may do anything. Airflow's connection has one too, because
its client knows no file for a password. Everyone else logs in with a password.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from weir.platform.secrets import write_private

NODE: Final = "weir-node"
AIRFLOW: Final = "airflow"  # also the Kafka user whose rights its holder has
AUTHORITY_DAYS: Final = 3650
HOLDER_DAYS: Final = 397
RENEW_DAYS: Final = 60  # a platform that runs on meanwhile keeps what it has read


def keep_certificates(folder: Path, now_utc: datetime) -> None:
    """Make `ca.pem`, `ca.key`, `node.pem` and `airflow.pem` (key, certificate), or keep them.

    A certificate that ends soon is made anew; the authority, which clients trust, stays.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority, key_file = folder / "ca.pem", folder / "ca.key"
    if not authority.exists() or not key_file.exists():
        key, certificate = make_authority(now_utc)
        write_private(key_file, _key_text(key))
        write_private(authority, _text(certificate))
        for signed in ("node.pem", "airflow.pem"):
            (folder / signed).unlink(missing_ok=True)
    places = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    _keep(folder / "node.pem", NODE, places, now_utc)
    _keep(folder / "airflow.pem", AIRFLOW, [], now_utc)


def _keep(file: Path, name: str, places: list[x509.GeneralName], now_utc: datetime) -> None:
    if file.exists() and ends(file) >= now_utc + timedelta(days=RENEW_DAYS):
        return
    key_text = (file.parent / "ca.key").read_bytes()
    signer_key = serialization.load_pem_private_key(key_text, password=None)
    assert isinstance(signer_key, ec.EllipticCurvePrivateKey)
    signer = x509.load_pem_x509_certificate((file.parent / "ca.pem").read_bytes())
    key, certificate = make_holder(name, places, signer_key, signer, now_utc)
    write_private(file, _key_text(key) + _text(certificate) + _text(signer))


def ends(file: Path) -> datetime:
    """When the first certificate in the file ends, UTC."""
    return x509.load_pem_x509_certificates(file.read_bytes())[0].not_valid_after_utc


def make_authority(now_utc: datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """A key and its self-signed certificate, which may sign others and no further authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    # Its key's own mark in the name: two copies of Weir have two authorities.
    mark = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    name = _name(f"weir-ca-{mark.digest.hex()[:12]}")
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    built = (
        _builder(name, name, key, now_utc, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(mark, critical=False)
    )
    return key, built.sign(key, hashes.SHA256())


def make_holder(
    name: str,
    places: list[x509.GeneralName],
    authority_key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    now_utc: datetime,
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """A key and a certificate of `name` as a client, and as a server at `places` if any."""
    key = ec.generate_private_key(ec.SECP256R1())
    uses = [ExtendedKeyUsageOID.CLIENT_AUTH]
    if places:
        uses.insert(0, ExtendedKeyUsageOID.SERVER_AUTH)
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    builder = (
        _builder(_name(name), authority.subject, key, now_utc, HOLDER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(signer, critical=False)
    )
    if places:
        builder = builder.add_extension(x509.SubjectAlternativeName(places), critical=False)
    return key, builder.sign(authority_key, hashes.SHA256())


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now_utc: datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now_utc - timedelta(days=1))  # clocks differ
        .not_valid_after(now_utc + timedelta(days=days))
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_text(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
