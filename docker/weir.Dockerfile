# Environment of every Weir process: Python with all wheels, Java, and the jars, as `make setup`
# makes them. Context: the repository.
FROM python:3.11.13-slim-bookworm

RUN apt-get update \
 && apt-get install --yes --no-install-recommends openjdk-17-jre-headless \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --user-group --home-dir /var/lib/weir --create-home --shell /usr/sbin/nologin weir \
 && install --directory --owner weir --group weir --mode 0700 /run/weir/secrets \
 && install --directory --owner weir --group weir --mode 0755 /opt/agent

WORKDIR /opt/weir
COPY requirements.txt ivy.xml ivy.sha256 ./
COPY bin/setup bin/setup
RUN UV_NO_CACHE=1 PYTHONDONTWRITEBYTECODE=1 python bin/setup \
 && rm -rf .weir-tools "$HOME"/.ivy2 "$HOME"/.ivy2.5.2 "$HOME"/.cache

COPY bin bin
COPY dags dags
COPY include include
COPY plugins plugins
COPY spark_jobs spark_jobs
COPY weir weir
COPY docker docker
RUN .venv/bin/python -m compileall -q weir spark_jobs dags plugins \
 && .venv/bin/python -m weir.platform.class_archive

ENV PATH=/opt/weir/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    WEIR_HOME=/var/lib/weir
USER 10001:10001
CMD ["weir", "--help"]
