"""The local authority and the brokers' certificate: made once, verified by name, renewed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from weir.platform.certificates import ends, keep_certificates

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keep_certificates(tmp_path / "kafka", NOW)
    return tmp_path / "kafka"


def read(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def test_keys_are_for_their_owner_alone(folder: Path) -> None:
    """Whoever reads the brokers' key may do anything in Kafka."""
    assert {p.name: p.stat().st_mode & 0o777 for p in sorted(folder.iterdir())} == {
        "airflow.pem": 0o600,
        "ca.key": 0o600,
        "ca.pem": 0o600,
        "node.pem": 0o600,
    }
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_brokers_certificate_is_signed_and_names_the_loopback_address(folder: Path) -> None:
    """Clients compare the address they connect to with the certificate."""
    node = x509.load_pem_x509_certificates((folder / "node.pem").read_bytes())[0]
    authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    node.verify_directly_issued_by(authority)
    places = node.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(p) for p in places.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert node.subject.rfc4514_string() == "CN=weir-node"


def test_airflows_certificate_makes_a_client_and_no_broker(folder: Path) -> None:
    """Who reads it may act as Airflow, not receive what is meant for Kafka."""
    holder = x509.load_pem_x509_certificates((folder / "airflow.pem").read_bytes())[0]
    uses = holder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [use.dotted_string for use in uses] == ["1.3.6.1.5.5.7.3.2"]
    assert holder.subject.rfc4514_string() == "CN=airflow"


def test_a_second_start_keeps_everything(folder: Path) -> None:
    """A new authority at each start would lock running clients out."""
    before = read(folder)
    keep_certificates(folder, NOW + timedelta(days=300))
    assert read(folder) == before


def test_a_certificate_that_ends_soon_is_made_anew_by_the_same_authority(folder: Path) -> None:
    """A platform must not stop on the day nobody remembered."""
    before, later = read(folder), NOW + timedelta(days=340)
    keep_certificates(folder, later)
    after = read(folder)
    assert (after["ca.pem"], after["ca.key"]) == (before["ca.pem"], before["ca.key"])
    assert after["node.pem"] != before["node.pem"]
    assert after["airflow.pem"] != before["airflow.pem"]
    assert ends(folder / "node.pem") == later + timedelta(days=397)
