"""Every setting, with its default, read once from the environment or `.env`.

Nothing below the command line reads the environment. `.env.example` lists the same names;
a test keeps the two equal. No setting holds a secret: secrets are files whose path travels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from weir.errors import SettingError
from weir.ports import BROKER_STEP, OF_BROKERS, Port

REPO = Path(__file__).resolve().parent.parent
OPERATOR = "operator"  # who a person's commands are in Kafka

Protocol = Literal["plaintext", "ssl", "sasl_ssl"]
Role = Literal["migrate", "service", "stream", "read"]
Mechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]


class Settings(BaseSettings):
    """Settings of one copy of Weir. Times are seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(
        env_prefix="WEIR_",
        env_file=REPO / ".env",
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        env_ignore_empty=True,
    )

    home: Path = Field(REPO / ".weir", description="Folder of everything mutable")
    port_base: int = Field(0, ge=0, le=50000, description="Added to every well-known port")
    run_as: str = Field("nobody", description="User of PostgreSQL when Weir runs as root")
    with_: str = Field("", alias="WEIR_WITH", description="Extra systems to start, by comma")

    kafka_brokers: Annotated[Literal[1, 3], BeforeValidator(int)] = Field(
        1, description="Local brokers: 1, or 3 with replication 3 and min in-sync 2"
    )
    spark_workers: int = Field(1, ge=1, le=3, description="Local Spark workers")
    spark_worker_cores: int = Field(32, ge=2, description="Task slots that a worker offers")
    spark_worker_memory_mb: int = Field(12288, ge=1024, description="Memory that a worker offers")

    kafka_bootstrap: str = Field(
        "",
        validation_alias=AliasChoices("WEIR_KAFKA_BOOTSTRAP", "KAFKA_BOOTSTRAP_SERVERS"),
        description="host:port of Kafka; empty means the local one",
    )
    security: Literal["plain", "sasl_ssl"] = Field(
        "sasl_ssl", description="sasl_ssl: TLS, logins, rights and roles; plain: for a laptop"
    )
    kafka_protocol: Literal["", "plaintext", "ssl", "sasl_ssl"] = Field(
        "", description="Of an outside Kafka; empty: by WEIR_SECURITY"
    )
    kafka_mechanism: Mechanism = Field("SCRAM-SHA-512", description="Of the login to Kafka")
    kafka_user: str = Field("", description="Login to Kafka; empty: the operator")
    kafka_password_file: Path | None = Field(
        None, description="0600 file; makes it the one login of all parts"
    )
    kafka_ca_file: Path | None = Field(
        None, description="PEM; empty: the local CA, or for an outside Kafka the system's"
    )
    postgres_dsn_file: Path | None = Field(None, description="0600 file with a libpq DSN")
    postgres_role: Role = Field(
        "migrate", description="Role of a person's commands with WEIR_SECURITY=sasl_ssl"
    )
    redis_url: str = Field("", description="Without password; empty means the local one")
    redis_password_file: Path | None = Field(None, description="0600 file")
    java_options: str = Field("", description="Options of every JVM, e.g. -XX:TieredStopAtLevel=1")

    spark_master: str = Field("", description="spark://host:port; empty means the local one")
    spark_master_ui: str = Field("", description="http://host:port of the master's web UI")

    airflow: bool = Field(True, description="Start Airflow too")
    airflow_host: str = Field(
        "127.0.0.1", description="Where Airflow listens; 0.0.0.0 in a container"
    )
    airflow_url: str = Field(
        "", description="Where Airflow's tasks reach its API; empty means the local one"
    )

    wikimedia_mode: Literal["", "live", "sample"] = Field(
        "", description="Empty: live when a contact is set, else what include/sources.yaml says"
    )
    wikimedia_contact: str = Field("", description="URL or e-mail for the User-Agent; sets live")
    wikimedia_url: str = Field("", description="Address of the stream; empty: by mode")
    wikimedia_idle_seconds: float = Field(60.0, gt=0, description="Silence that ends a connection")
    wikimedia_sample_rate: float = Field(40.0, gt=0, description="Sample events per second")
    wikimedia_sample_replay: Path | None = Field(None, description="JSONL file to replay")
    wikimedia_topic: str = Field("wikimedia_events", description="Topic of the collector")

    promo_in_topic: str = Field("promo-campaigns", description="Topic of the campaigns")
    promo_in_bootstrap: str = Field("", description="host:port; empty: Weir's own Kafka")
    promo_in_protocol: Protocol = Field("sasl_ssl", description="Of that outside Kafka")
    promo_in_mechanism: Mechanism = Field("SCRAM-SHA-512", description="Of the login there")
    promo_in_user: str = Field("", description="Login there")
    promo_in_password_file: Path | None = Field(None, description="0600 file with its password")
    promo_in_ca_file: Path | None = Field(None, description="PEM; empty: the system's")

    promo_wakeups_topic: str = Field("promo-wakeups", description="Topic of promo's wake-ups")
    subscribers_dsn_file: Path | None = Field(
        None, description="0600 file with the DSN of the subscribers' PostgreSQL; empty: Weir's own"
    )
    promo_look_again_seconds: float = Field(
        60.0, gt=0, description="How often foreign subscribers of active campaigns are read again"
    )
    failpoint: str = Field(
        "", description="For tests: where a driver breaks, e.g. after_seal:kill9"
    )

    promo_out_topic: str = Field("promo-notifications", description="Topic of the notifications")
    promo_out_bootstrap: str = Field("", description="host:port; empty: Weir's own Kafka")
    promo_out_protocol: Protocol = Field("sasl_ssl", description="Of that outside Kafka")
    promo_out_mechanism: Mechanism = Field("SCRAM-SHA-512", description="Of the login there")
    promo_out_user: str = Field("", description="Login there")
    promo_out_password_file: Path | None = Field(None, description="0600 file with its password")
    promo_out_ca_file: Path | None = Field(None, description="PEM; empty: the system's")

    promo_feedback_wins: Literal["first", "last"] = Field(
        "last", description="Which answer of a subscriber stays: first or last"
    )
    promo_samples: bool = Field(
        True, description="Put sample campaigns into an empty local promo when it starts"
    )
    promo_token_file: Path | None = Field(
        None, description="0600 file with the token of the feedback API; empty: the local one"
    )

    market_products_topic: str = Field("shop-products", description="Topic of the shops' products")
    market_samples: bool = Field(
        True, description="Run a shop of sample products with a local market"
    )

    monitoring: bool = Field(
        False, description="Start Prometheus, Alertmanager and exporters where they are installed"
    )
    api_host: str = Field("127.0.0.1", description="Where the API listens; 0.0.0.0 in a container")
    dashboard_seconds: float = Field(10.0, gt=0, description="Refresh of terminal dashboards")

    def port(self, port: Port, index: int = 0) -> int:
        """The shifted port; `index` numbers brokers and workers."""
        step = BROKER_STEP if port in OF_BROKERS else 1
        return self.port_base + port.value + step * index

    @property
    def bootstrap(self) -> str:
        """Kafka's addresses: the given ones, else all local brokers."""
        local = (f"127.0.0.1:{self.port(Port.KAFKA, i)}" for i in range(self.kafka_brokers))
        return self.kafka_bootstrap or ",".join(local)

    @property
    def kafka_secrets(self) -> Path:
        """Folder of the local CA and of one password file per Kafka user."""
        return self.home.expanduser().absolute() / "secrets" / "kafka"

    def acting_as(self, principal: str, role: Role = "stream") -> Settings:
        """The same settings with this Kafka user and this role in PostgreSQL.

        A given WEIR_KAFKA_PASSWORD_FILE or WEIR_POSTGRES_DSN_FILE is the one login of all parts.
        """
        own: dict[str, str] = {"postgres_role": role}
        if self.kafka_password_file is None:
            own["kafka_user"] = principal
        return self.model_copy(update=own)

    @property
    def dsn_file(self) -> Path:
        """Path of the 0600 file with PostgreSQL's DSN (which names a passfile, no password)."""
        own = "postgres" if self.security == "plain" else f"postgres-{self.postgres_role}"
        return self.postgres_dsn_file or self.home / "secrets" / f"{own}.dsn"

    @property
    def feedback_token_path(self) -> Path:
        """Path of the 0600 file with the token that the feedback API asks for."""
        return self.promo_token_file or self.home / "secrets" / "feedback.token"

    @property
    def redis_address(self) -> str:
        """Redis URL without a password."""
        return self.redis_url or f"redis://127.0.0.1:{self.port(Port.REDIS)}/0"

    @property
    def redis_password_path(self) -> Path | None:
        """Path of the 0600 password file; None for a foreign Redis without one."""
        if self.redis_password_file or self.redis_url:
            return self.redis_password_file
        return self.home / "secrets" / "redis.password"

    @property
    def spark_master_url(self) -> str:
        """spark://host:port of the standalone master."""
        return self.spark_master or f"spark://127.0.0.1:{self.port(Port.SPARK_MASTER)}"

    @property
    def spark_master_ui_url(self) -> str:
        """http://host:port of the master's web UI (and its /json/ state)."""
        return self.spark_master_ui or f"http://127.0.0.1:{self.port(Port.SPARK_MASTER_UI)}"

    @property
    def api_url(self) -> str:
        """Address of Weir's own HTTP API."""
        return f"http://127.0.0.1:{self.port(Port.API)}"


def load_settings() -> Settings:
    """Read the settings; a value that cannot work is a `SettingError` that names it."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "WEIR_" + "_".join(str(part) for part in first["loc"]).upper().removeprefix("WEIR_")
        raise SettingError(
            f"{name} is {first.get('input')!r}: {first['msg']}",
            "set it in the environment or in .env; .env.example lists every setting",
        ) from error
