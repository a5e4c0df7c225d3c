"""The tests of this folder import Airflow."""

from __future__ import annotations

from tests.support.airflow_home import use_airflow_of_tests

use_airflow_of_tests()
