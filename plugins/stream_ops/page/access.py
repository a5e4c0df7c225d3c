"""Who may see and who may change a stream: whoever may do so with the stream's DAG."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Method = Literal["GET", "PUT"]


@dataclass(frozen=True, kw_only=True)
class Access:
    """What the page asks Airflow. `door` and `user` are FastAPI dependencies.

    door: refuses who may not use Airflow's pages at all, 401 without a login.
    user: gives the person who asks.
    may: whether that person may do this with the stream; GET sees, PUT changes.
    name: of the person, for the audit trail.
    """

    door: Callable[..., Any]
    user: Callable[..., Any]
    may: Callable[[Any, Method, str], bool]
    name: Callable[[Any], str]


def dag_of(stream: str) -> str:
    """The DAG that keeps the stream alive."""
    return f"{stream}_stream"


def airflow_access() -> Access:
    """Airflow's own checks. Imported here: they cost seconds, and only the API server has them."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, DagDetails
    from airflow.api_fastapi.core_api.security import get_user, requires_access_view
    from airflow.models.dag import DagModel

    def may(user: Any, method: Method, stream: str) -> bool:
        dag_id = dag_of(stream)
        details = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))
        return bool(get_auth_manager().is_authorized_dag(method=method, details=details, user=user))

    return Access(
        door=requires_access_view(AccessView.WEBSITE),
        user=get_user,
        may=may,
        name=lambda user: str(user.get_name()),
    )
