"""The login for programs on librdkafka, kcat above all: `kcat -F FILE`, no password typed."""

from __future__ import annotations

from pathlib import Path

from weir.kafka.cluster import Cluster
from weir.platform.secrets import write_private
from weir.settings import Settings


def keep_client_file(settings: Settings, cluster: Cluster) -> Path:
    """A 0600 file with address, login and authority; written only when it would change."""
    user = cluster.user or "anyone"
    own = "" if cluster.named == "WEIR_KAFKA" else f"{cluster.named.lower()}."
    settings.kafka_secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = settings.kafka_secrets / f"{own}{user}.conf"
    text = "".join(f"{name}={value}\n" for name, value in cluster.client_options().items())
    if not file.exists() or file.read_text() != text:
        write_private(file, text)
    return file
