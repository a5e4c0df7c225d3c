"""Spark applications: one folder per job, `lib` for what all of them share."""
