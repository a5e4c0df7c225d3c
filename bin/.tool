#!/bin/sh
# Runs the real tool named like the link, with this clone's environment and addresses.
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
[ -x "$here/.venv/bin/python" ] || { echo "no environment yet; run: make setup" >&2; exit 2; }
exec "$here/.venv/bin/python" -m weir.platform.tools "$(basename -- "$0")" "$@"
