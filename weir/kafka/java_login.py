"""The login for Java's Kafka clients (Spark's connector, bin/kafka-*): a path, never a password.

Spark shows its options in pages, plans and logs. So the password goes into a 0600 properties file
beside the other secrets, and Spark's options only name that file: Kafka's own client reads it,
in the driver and in each executor, when it connects.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from weir.errors import SettingError
from weir.kafka.cluster import SECURITY_PROTOCOL, Cluster
from weir.platform.secrets import write_private
from weir.settings import Settings

JAAS: Final = "sasl.jaas.config"
MODULES: Final = {
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
}
PROVIDER: Final = "org.apache.kafka.common.config.provider.FileConfigProvider"


def java_options(settings: Settings, cluster: Cluster) -> dict[str, str]:
    """Address and security for a Java client, without a secret; writes the file they name."""
    options = {"bootstrap.servers": cluster.bootstrap, **_open_options(cluster)}
    if cluster.protocol != "sasl_ssl":
        return options
    file = keep_java_file(settings, cluster)
    if ":" in str(file) or "}" in str(file):
        raise SettingError(f"Kafka's clients cannot name the file {file}", "set WEIR_HOME")
    return options | {
        "config.providers": "file",
        "config.providers.file.class": PROVIDER,
        "config.providers.file.param.allowed.paths": str(file.parent),
        JAAS: f"${{file:{file}:{JAAS}}}",
    }


def keep_java_file(settings: Settings, cluster: Cluster) -> Path:
    """A 0600 properties file with the whole login, as Kafka's own tools take it.

    Written only when it would change, so that readers never find it half way.
    """
    folder = settings.kafka_secrets / "java"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{cluster.named.lower()}.{_safe(cluster.user)}.properties"
    lines = dict(_open_options(cluster))
    if cluster.protocol == "sasl_ssl":
        lines[JAAS] = jaas(cluster.mechanism, cluster.user, cluster.password())
    text = "".join(f"{name}={property_value(value)}\n" for name, value in lines.items())
    if not file.exists() or file.read_text() != text:
        write_private(file, text)
    return file


def jaas(mechanism: str, user: str, password: str) -> str:
    """The login as Java's configuration has it; quotes and backslashes stay what they are."""
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in (user, password)]
    return f'{MODULES[mechanism]} required username="{quoted[0]}" password="{quoted[1]}";'


def property_value(text: str) -> str:
    """`text` as the value of a line in a Java properties file, whatever encoding reads it."""
    escaped = text.replace("\\", "\\\\")
    in_utf16 = escaped.encode("utf-16-be")
    units = [int.from_bytes(in_utf16[i : i + 2]) for i in range(0, len(in_utf16), 2)]
    return "".join(chr(u) if 0x20 <= u < 0x7F else f"\\u{u:04x}" for u in units)


def _open_options(cluster: Cluster) -> dict[str, str]:
    """What is no secret."""
    if not cluster.encrypted:
        return {}
    options = {"security.protocol": SECURITY_PROTOCOL[cluster.protocol]}
    if cluster.ca_file:
        options |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(cluster.ca_file)}
    if cluster.protocol == "sasl_ssl":
        options["sasl.mechanism"] = cluster.mechanism
    return options


def _safe(user: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in user) or "anyone"
