"""`python -m weir.cli` is `bin/weir`."""

from weir.cli.main import main

main()
