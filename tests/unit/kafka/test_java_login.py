"""Java's clients are told a path; only the file behind it holds the password."""

from __future__ import annotations

from pathlib import Path

import pytest

from weir.errors import SettingError
from weir.kafka.cluster import Cluster
from weir.kafka.java_login import jaas, java_options, keep_java_file, property_value
from weir.settings import Settings


def made(folder: Path, password: str = "canary-5321") -> tuple[Settings, Cluster]:
    folder.mkdir(exist_ok=True)
    file = folder / "password"
    file.touch(mode=0o600)
    file.write_text(password)
    cluster = Cluster(
        named="WEIR_PROMO_IN",
        bootstrap="theirs:2",
        protocol="sasl_ssl",
        user="we@ir",
        password_file=file,
        ca_file=Path("/ca.pem"),
    )
    return Settings(_env_file=None, home=folder / "a home"), cluster


def test_sparks_options_name_a_file_that_others_cannot_read_and_hold_no_password(
    tmp_path: Path,
) -> None:
    """Spark shows options in its pages and plans."""
    settings, cluster = made(tmp_path)
    options = java_options(settings, cluster)
    file = tmp_path / "a home" / "secrets" / "kafka" / "java" / "weir_promo_in.we_ir.properties"
    assert options["sasl.jaas.config"] == f"${{file:{file}:sasl.jaas.config}}"
    assert "canary-5321" not in str(options)
    assert (file.stat().st_mode & 0o777, "canary-5321" in file.read_text()) == (0o600, True)


def test_a_plain_cluster_needs_no_file(tmp_path: Path) -> None:
    """The default of a laptop."""
    settings = Settings(_env_file=None, home=tmp_path)
    cluster = Cluster(named="WEIR_KAFKA", bootstrap="k:9")
    assert java_options(settings, cluster) == {"bootstrap.servers": "k:9"}
    assert list(tmp_path.iterdir()) == []


def test_a_changed_password_is_written_again_and_an_equal_one_is_not(tmp_path: Path) -> None:
    """Executors read the file at any moment."""
    settings, cluster = made(tmp_path)
    first = keep_java_file(settings, cluster).stat().st_ino
    assert keep_java_file(settings, cluster).stat().st_ino == first
    made(tmp_path, "another")
    assert "another" in keep_java_file(settings, cluster).read_text()


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("plain", '"plain"'),
        ('quo"te', '"quo\\"te"'),
        ("back\\slash", '"back\\\\slash"'),
        ("a=b # c;", '"a=b # c;"'),
    ],
)
def test_any_password_survives_the_quoting_of_a_login(password: str, said: str) -> None:
    """A company's password follows a company's rules."""
    assert jaas("SCRAM-SHA-512", "u", password) == (
        "org.apache.kafka.common.security.scram.ScramLoginModule "
        f'required username="u" password={said};'
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [("a b", "a b"), ("a\\b", "a\\\\b"), ("é", "\\u00e9"), ("🔑", "\\ud83d\\udd11")],
)
def test_a_value_in_a_properties_file_is_ascii(text: str, written: str) -> None:
    """Java reads such files in one encoding, its client library in another."""
    assert property_value(text) == written


def test_a_folder_that_kafka_cannot_name_is_refused(tmp_path: Path) -> None:
    """A colon ends the path in the client's own notation; it would look for another file."""
    settings, cluster = made(tmp_path / "c:d")
    with pytest.raises(SettingError, match="set WEIR_HOME"):
        java_options(settings, cluster)
