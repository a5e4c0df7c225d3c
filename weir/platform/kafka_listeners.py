"""How a local broker listens: plain, or with TLS, logins and rights.

With `sasl_ssl` there are three doors. Clients log in with SCRAM inside TLS. Brokers and
controllers know each other by certificate, on doors of their own: no password has to exist
before the first broker runs, and a data folder may change from plain to secure and back. The
brokers' door also lets Airflow's connection in, with the rights of the user `airflow`.
"""

from __future__ import annotations

from pathlib import Path

from weir.platform.certificates import AIRFLOW, NODE
from weir.ports import Port
from weir.settings import Settings

AUTHORIZER = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


def listener_properties(settings: Settings, index: int) -> dict[str, str]:
    """The part of broker `index`'s configuration that says who may connect, and how."""
    client = f"127.0.0.1:{settings.port(Port.KAFKA, index)}"
    controller = f"127.0.0.1:{settings.port(Port.KAFKA_CONTROLLER, index)}"
    if settings.security == "plain":
        return {
            "listeners": f"PLAINTEXT://{client},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{client}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        }
    inner = f"127.0.0.1:{settings.port(Port.KAFKA_INTERNAL, index)}"
    secrets = settings.kafka_secrets
    return {
        "listeners": f"CLIENTS://{client},INTERNAL://{inner},CONTROLLER://{controller}",
        "advertised.listeners": f"CLIENTS://{client},INTERNAL://{inner}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "INTERNAL",
        "listener.security.protocol.map": "CLIENTS:SASL_SSL,INTERNAL:SSL,CONTROLLER:SSL",
        "listener.name.internal.ssl.client.auth": "required",
        "listener.name.controller.ssl.client.auth": "required",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": in_properties(secrets / "node.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": in_properties(secrets / "ca.pem"),
        "ssl.enabled.protocols": "TLSv1.3",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.clients.scram-sha-512.sasl.jaas.config": SCRAM,
        "authorizer.class.name": AUTHORIZER,
        "allow.everyone.if.no.acl.found": "false",
        "super.users": f"User:CN={NODE}",
        "ssl.principal.mapping.rules": f"RULE:^CN={AIRFLOW}$/{AIRFLOW}/,DEFAULT",
    }


def node_options(settings: Settings, index: int = 0) -> dict[str, str]:
    """Options of a librdkafka client with every right; in the secure profile by certificate."""
    if settings.security == "plain":
        return {"bootstrap.servers": f"127.0.0.1:{settings.port(Port.KAFKA, index)}"}
    return certificate_options(settings, "node.pem", index)


def certificate_options(settings: Settings, holder: str, index: int = 0) -> dict[str, str]:
    """Options of a librdkafka client that shows the certificate in the file `holder`."""
    secrets = settings.kafka_secrets
    return {
        "bootstrap.servers": f"127.0.0.1:{settings.port(Port.KAFKA_INTERNAL, index)}",
        "security.protocol": "SSL",
        "ssl.ca.location": str(secrets / "ca.pem"),
        "ssl.certificate.location": str(secrets / holder),
        "ssl.key.location": str(secrets / holder),
    }


def in_properties(path: Path) -> str:
    """The path as Java's properties files want it."""
    return str(path).replace("\\", "\\\\")
