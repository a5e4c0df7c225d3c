"""The command line: one module per group of verbs, joined in `main`."""
