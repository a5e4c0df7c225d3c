"""What is still healthy, per stream: the part `health:` of include/streams.yaml."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class HealthLimits(BaseModel):
    """Limits of one stream. Above them it is unhealthy, and an alert follows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    behind_seconds: float = Field(60, gt=0, description="the oldest uncounted message may wait")
    stalled_seconds: float = Field(60, gt=0, description="input may wait without a batch's end")
    retention_left_share: float = Field(
        0.5, gt=0, lt=1, description="of the retention; with less time left it is in danger"
    )
    looping_restarts: int = Field(3, ge=2, description="in looping_minutes are a loop")
    looping_minutes: float = Field(10, gt=0)
    silent_seconds: float = Field(180, gt=0, description="the source may send nothing")
