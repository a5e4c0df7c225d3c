"""The Streams page: what every stream does, and the verbs, behind Airflow's login."""
