"""Where a client goes and who it is there: parsed once, refused in words, no password kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from weir.errors import SettingError
from weir.kafka.client import kafka_options
from weir.kafka.cluster import Cluster, main_cluster, promo_input, promo_output, settings_at
from weir.settings import Settings


def made(**given: object) -> Settings:
    return Settings(_env_file=None, **given)


def password_file(folder: Path, text: str = "s3cret\n", mode: int = 0o600) -> Path:
    file = folder / "company.password"
    file.write_text(text)
    file.chmod(mode)
    return file


def test_a_plain_cluster_is_an_address_and_nothing_else() -> None:
    """The default of a laptop."""
    assert main_cluster(made(kafka_bootstrap="k:9")).client_options() == {
        "bootstrap.servers": "k:9"
    }


def test_the_secure_local_cluster_knows_its_own_ca_and_each_part_its_own_user(
    tmp_path: Path,
) -> None:
    """One user per stream and collector; a person is the operator."""
    settings = made(security="sasl_ssl", home=tmp_path)
    person, stream = main_cluster(settings), main_cluster(settings.acting_as("promo_join"))
    assert (person.user, stream.user) == ("operator", "promo_join")
    assert stream.password_file == tmp_path / "secrets" / "kafka" / "promo_join.password"
    assert stream.ca_file == tmp_path / "secrets" / "kafka" / "ca.pem"


def test_one_user_for_all_wins_over_the_users_of_the_parts(tmp_path: Path) -> None:
    """A company gives one login, and that is what it must get."""
    settings = made(
        security="sasl_ssl", kafka_user="weir-prod", kafka_password_file=password_file(tmp_path)
    )
    assert main_cluster(settings.acting_as("promo_join")).user == "weir-prod"


def test_a_client_verifies_the_name_in_the_certificate_and_brings_its_login(
    tmp_path: Path,
) -> None:
    """Without the name any certificate of the same authority could listen in."""
    file = password_file(tmp_path)
    settings = made(
        promo_in_bootstrap="company:9093",
        promo_in_user="weir",
        promo_in_password_file=file,
        promo_in_ca_file=Path("/ca.pem"),
    )
    options = kafka_options(settings, cluster=promo_input(settings), group_id="x")
    wanted = {
        "bootstrap.servers": "company:9093",
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": "/ca.pem",
        "ssl.endpoint.identification.algorithm": "https",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "weir",
        "sasl.password": "s3cret",
        "group.id": "x",
    }
    assert wanted.items() <= options.items()


def test_input_and_output_may_each_be_elsewhere() -> None:
    """Campaigns may come from one company's cluster and notifications go to our own."""
    settings = made(
        kafka_bootstrap="own:1", promo_in_bootstrap="theirs:2", promo_in_protocol="plaintext"
    )
    assert promo_input(settings).bootstrap == "theirs:2"
    assert promo_output(settings) == main_cluster(settings)


def test_settings_at_a_cluster_make_every_reader_and_publisher_go_there(tmp_path: Path) -> None:
    """Whatever takes settings need not know of clusters."""
    file = password_file(tmp_path)
    theirs = Cluster(
        named="WEIR_PROMO_OUT",
        bootstrap="theirs:2",
        protocol="sasl_ssl",
        mechanism="SCRAM-SHA-256",
        user="weir",
        password_file=file,
    )
    there = settings_at(made(home=tmp_path), theirs)
    assert kafka_options(there) == kafka_options(made(), cluster=theirs)
    own = made(kafka_bootstrap="own:1")
    assert settings_at(own, main_cluster(own)) is own


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"promo_in_user": "weir"}, "WEIR_PROMO_IN_PASSWORD_FILE"),
        ({"promo_in_password_file": Path("/p")}, "WEIR_PROMO_IN_USER"),
        (
            {"promo_in_protocol": "ssl", "promo_in_user": "weir"},
            "WEIR_PROMO_IN has a login, but ssl sends none",
        ),
        (
            {"promo_in_protocol": "plaintext", "promo_in_password_file": Path("/p")},
            "WEIR_PROMO_IN has a login, but plaintext sends none",
        ),
    ],
)
def test_a_half_given_login_is_refused_with_its_setting(
    given: dict[str, object], said: str
) -> None:
    """Else librdkafka fails later, with words about something else."""
    with pytest.raises(SettingError) as refused:
        promo_input(made(promo_in_bootstrap="theirs:2", **given))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "mode", "said"), [("s3cret", 0o640, "has mode 0640"), (" \n", 0o600, "is empty")]
)
def test_a_password_that_others_may_read_or_that_is_empty_is_refused(
    tmp_path: Path, text: str, mode: int, said: str
) -> None:
    """A secret that is readable is none."""
    file = password_file(tmp_path, text, mode)
    cluster = Cluster(
        named="WEIR_KAFKA", bootstrap="k:9", protocol="sasl_ssl", user="u", password_file=file
    )
    with pytest.raises(SettingError, match=said):
        cluster.client_options()


def test_a_cluster_shows_no_password_when_it_is_printed(tmp_path: Path) -> None:
    """Values end in logs and tracebacks."""
    file = password_file(tmp_path)
    cluster = Cluster(
        named="WEIR_KAFKA", bootstrap="k:9", protocol="sasl_ssl", user="u", password_file=file
    )
    cluster.client_options()
    assert "s3cret" not in repr(cluster)
