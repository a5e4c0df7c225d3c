"""A Kafka cluster as a client needs it: where it is, how it is secured, who we are there.

The password stays in a 0600 file until a client is made; a `Cluster` holds the path only. The
local cluster, or the one of WEIR_KAFKA_BOOTSTRAP, is the main one; promo's input and output may
each be on another (a company's).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from weir.errors import SettingError
from weir.settings import OPERATOR, Mechanism, Protocol, Settings
from weir.store.private_file import read_private

SECURITY_PROTOCOL: Final = {"plaintext": "PLAINTEXT", "ssl": "SSL", "sasl_ssl": "SASL_SSL"}


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """`named` is the beginning of its settings' names, so that a refusal can name them.

    `ca_file` None: the authorities that the system trusts.
    """

    named: str
    bootstrap: str
    protocol: Protocol = "plaintext"
    mechanism: Mechanism = "SCRAM-SHA-512"
    user: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        if not self.bootstrap:
            raise SettingError(f"{self.named}_BOOTSTRAP is empty", "give host:port, by comma")
        if self.protocol != "sasl_ssl":
            if self.user or self.password_file:
                raise SettingError(
                    f"{self.named} has a login, but {self.protocol} sends none",
                    f"{self.named}_PROTOCOL=sasl_ssl; a password travels only inside TLS",
                )
            return
        for word, value in (("USER", self.user), ("PASSWORD_FILE", self.password_file)):
            if not value:
                raise SettingError(f"{self.named}_PROTOCOL is sasl_ssl, {self.named}_{word} empty")

    @property
    def encrypted(self) -> bool:
        """Whether clients speak TLS."""
        return self.protocol != "plaintext"

    def password(self) -> str:
        """The password, read now. Raises SettingError when others may read its file."""
        if self.password_file is None:
            return ""
        setting = f"{self.named}_PASSWORD_FILE"
        password = read_private(self.password_file, f"password of {self.user}", setting)
        if not password:
            raise SettingError(f"{self.password_file} is empty", f"it is {setting}")
        return password

    def client_options(self) -> dict[str, str]:
        """Address and security of a librdkafka client. With a login it holds the password: hand
        it to the client, keep it nowhere."""
        options = {"bootstrap.servers": self.bootstrap}
        if not self.encrypted:
            return options
        options["security.protocol"] = SECURITY_PROTOCOL[self.protocol]
        # `probe` finds the system's authorities, wherever this system keeps them.
        options["ssl.ca.location"] = str(self.ca_file) if self.ca_file else "probe"
        options["ssl.endpoint.identification.algorithm"] = "https"
        if self.protocol == "sasl_ssl":
            options |= {
                "sasl.mechanism": self.mechanism,
                "sasl.username": self.user,
                "sasl.password": self.password(),
            }
        return options


def main_cluster(settings: Settings) -> Cluster:
    """The local cluster, or the one of WEIR_KAFKA_BOOTSTRAP, as `kafka_user` (by default the
    operator)."""
    protocol = settings.kafka_protocol or (
        "sasl_ssl" if settings.security == "sasl_ssl" else "plaintext"
    )
    user, password_file = settings.kafka_user, settings.kafka_password_file
    if protocol == "sasl_ssl":
        user = user or OPERATOR
        password_file = password_file or settings.kafka_secrets / f"{user}.password"
    else:
        user, password_file = "", None
    own_ca = None if settings.kafka_bootstrap else settings.kafka_secrets / "ca.pem"
    return Cluster(
        named="WEIR_KAFKA",
        bootstrap=settings.bootstrap,
        protocol=protocol,
        mechanism=settings.kafka_mechanism,
        user=user,
        password_file=password_file,
        ca_file=(settings.kafka_ca_file or own_ca) if protocol != "plaintext" else None,
    )


def promo_input(settings: Settings) -> Cluster:
    """Where campaigns and wake-ups are read: WEIR_PROMO_IN_BOOTSTRAP, else the main cluster."""
    if not settings.promo_in_bootstrap:
        return main_cluster(settings)
    return Cluster(
        named="WEIR_PROMO_IN",
        bootstrap=settings.promo_in_bootstrap,
        protocol=settings.promo_in_protocol,
        mechanism=settings.promo_in_mechanism,
        user=settings.promo_in_user,
        password_file=settings.promo_in_password_file,
        ca_file=settings.promo_in_ca_file,
    )


def promo_output(settings: Settings) -> Cluster:
    """Where notifications and their markers go: WEIR_PROMO_OUT_BOOTSTRAP, else the main one."""
    if not settings.promo_out_bootstrap:
        return main_cluster(settings)
    return Cluster(
        named="WEIR_PROMO_OUT",
        bootstrap=settings.promo_out_bootstrap,
        protocol=settings.promo_out_protocol,
        mechanism=settings.promo_out_mechanism,
        user=settings.promo_out_user,
        password_file=settings.promo_out_password_file,
        ca_file=settings.promo_out_ca_file,
    )


def settings_at(settings: Settings, cluster: Cluster) -> Settings:
    """The same settings with `cluster` as the main one: whatever takes settings (offsets, reader,
    publishers, admin) then works there."""
    if cluster == main_cluster(settings):
        return settings
    return settings.model_copy(
        update={
            "kafka_bootstrap": cluster.bootstrap,
            "kafka_protocol": cluster.protocol,
            "kafka_mechanism": cluster.mechanism,
            "kafka_user": cluster.user,
            "kafka_password_file": cluster.password_file,
            "kafka_ca_file": cluster.ca_file,
        }
    )
