"""Kafka brokers from plain jars: KRaft, broker and controller in one process."""

from __future__ import annotations

import base64
import shutil
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from weir.clock import utc_now
from weir.errors import Unavailable
from weir.kafka.client import SILENT
from weir.platform.certificates import keep_certificates
from weir.platform.component import Component
from weir.platform.java import find_java
from weir.platform.kafka_listeners import in_properties, listener_properties, node_options
from weir.platform.layout import Layout
from weir.platform.secrets import write_private
from weir.ports import Port
from weir.settings import REPO


@dataclass(frozen=True)
class Broker:
    """Local broker number `index`, from 0."""

    layout: Layout
    index: int

    @property
    def name(self) -> str:
        return "kafka" if self.layout.settings.kafka_brokers == 1 else f"kafka-{self.index + 1}"

    @property
    def port(self) -> int:
        return self.layout.settings.port(Port.KAFKA, self.index)

    @property
    def folder(self) -> Path:
        return self.layout.data / f"kafka-{self.index + 1}"

    @property
    def java(self) -> list[str]:
        heap_mb = 512 if self.layout.settings.kafka_brokers == 1 else 320
        return [
            *(
                find_java(),
                "-Xms128m",
                f"-Xmx{heap_mb}m",
                "-XX:+UseG1GC",
                "-XX:+ExitOnOutOfMemoryError",
            ),
            *self.layout.settings.java_options.split(),
            *("-cp", f"{self.layout.kafka_jars}/*"),
            *("-Dorg.slf4j.simpleLogger.showDateTime=true",),
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
        ]

    @property
    def agent(self) -> list[str]:
        """The option that shows the broker's beans to Prometheus, when monitoring is wanted."""
        if not self.layout.settings.monitoring:
            return []
        jar = next(self.layout.kafka_jars.glob("jmx_prometheus_javaagent-*.jar"))
        port = self.layout.settings.port(Port.KAFKA_METRICS, self.index)
        return [f"-javaagent:{jar}=127.0.0.1:{port}:{REPO / 'monitoring' / 'kafka' / 'jmx.yml'}"]

    def component(self) -> Component:
        return Component(
            name=self.name,
            argv=[*self.java, *self.agent, "kafka.Kafka", str(self.properties_file(self.folder))],
            port=self.port,
            healthy=self.healthy,
            prepare=self.prepare,
            stop_seconds=30,
        )

    def properties_file(self, folder: Path) -> Path:
        return self.layout.run / f"{self.name}-{folder.name}.properties"

    def properties(self, folder: Path) -> str:
        """The broker's configuration, with its data in `folder`."""
        settings = self.layout.settings
        count = settings.kafka_brokers
        replication, in_sync = (3, 2) if count == 3 else (1, 1)
        voters = ",".join(
            f"{i + 1}@127.0.0.1:{settings.port(Port.KAFKA_CONTROLLER, i)}" for i in range(count)
        )
        values = {
            "process.roles": "broker,controller",
            "node.id": self.index + 1,
            "controller.quorum.voters": voters,
            **listener_properties(settings, self.index),
            "log.dirs": in_properties(folder),
            "auto.create.topics.enable": "false",
            "default.replication.factor": replication,
            "min.insync.replicas": in_sync,
            "offsets.topic.replication.factor": replication,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": replication,
            "transaction.state.log.min.isr": in_sync,
            "transaction.state.log.num.partitions": 4,
            "group.initial.rebalance.delay.ms": 0,
            "message.max.bytes": 12582912,
            "replica.fetch.max.bytes": 12582912,
            "log.cleaner.dedupe.buffer.size": 16777216,
        }
        return "".join(f"{name}={value}\n" for name, value in values.items())

    def prepare(self) -> None:
        """Write the configuration; format the storage once, whole or not at all."""
        if self.layout.settings.security == "sasl_ssl" and self.index == 0:
            keep_certificates(self.layout.settings.kafka_secrets, utc_now())
        write_private(self.properties_file(self.folder), self.properties(self.folder))
        brokers_file(self.layout).write_text(str(self.layout.settings.kafka_brokers))
        if self.folder.exists():
            return
        unfinished = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        properties = self.properties_file(unfinished)
        write_private(properties, self.properties(unfinished))
        done = subprocess.run(
            [
                *(*self.java, "kafka.tools.StorageTool", "format"),
                *("-t", cluster_id(self.layout), "-c", str(properties)),
            ],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise Unavailable(f"formatting {self.name} failed: {done.stderr.strip()[-800:]}")
        properties.unlink()
        unfinished.rename(self.folder)

    def healthy(self) -> bool:
        """Whether this broker serves requests and is in the cluster's metadata."""
        admin = AdminClient(
            node_options(self.layout.settings, self.index) | {"log_level": 0, "logger": SILENT}
        )
        try:
            return self.index + 1 in admin.list_topics(timeout=2).brokers
        except KafkaException:
            return False


def brokers_file(layout: Layout) -> Path:
    """Holds the number of brokers that the data folder was made for."""
    return layout.data / "kafka-brokers"


def cluster_id(layout: Layout) -> str:
    """The cluster's id, made at the first start."""
    path = layout.data / "kafka-cluster-id"
    if not path.exists():
        write_private(path, kafka_id(uuid.uuid4().bytes))
    return path.read_text()


def kafka_id(sixteen: bytes) -> str:
    """These bytes as Kafka writes an id; never with a leading dash, which is read as an option."""
    text = base64.urlsafe_b64encode(sixteen).decode().rstrip("=")
    return "A" + text[1:] if text.startswith("-") else text
