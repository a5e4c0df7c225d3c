"""Streams under Airflow: an operator without a worker slot, its trigger, and the Streams page."""
