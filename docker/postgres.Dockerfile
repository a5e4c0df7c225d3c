# The official server under Weir's user number, so that it reads the 0600 files of the shared
# secrets volume without ever running as root.
FROM postgres:18.1-bookworm

RUN groupmod --gid 10001 postgres \
 && usermod --uid 10001 --gid 10001 postgres \
 && chown --recursive postgres:postgres /var/lib/postgresql /var/run/postgresql
USER 10001:10001
