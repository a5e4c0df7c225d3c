"""The past of a made-up stream, and a room that answers from the scene."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

from tests.support.room_scenes import NOW, SCENE, SOURCES, WELL
from weir.ops.audit import Deed
from weir.ops.health import Finding, Health
from weir.ops.lag import PartitionLag
from weir.ops.operations import Operation, Step, Verb
from weir.serving.room.cards import Card, Closely, Declaration, OpenOrder
from weir.serving.room.history import GRIDS, Batch, Bucket, Span, starts
from weir.serving.room.room import Overview


def buckets_of(span: Span) -> list[Bucket]:
    """A day's tide, with an hour in which nothing ended."""
    grid = GRIDS[span]
    return [
        Bucket(
            start=start,
            messages=0 if 20 < i < 26 else round(grid.seconds * (40 + 12 * math.sin(i / 5))),
            refused=round(grid.seconds * 3) if i == 40 else 0,
            batches=0 if 20 < i < 26 else grid.seconds,
            mean_ms=None if 20 < i < 26 else 280 + 60 * math.sin(i / 3),
            max_ms=None if 20 < i < 26 else 900,
            delay_seconds=None if 20 < i < 26 else 1.4 + (5 if i == 26 else 0.2 * math.sin(i)),
        )
        for i, start in enumerate(starts(grid, NOW))
    ]


def closely(card: Card, span: Span) -> Closely:
    """The page of one stream of the scene."""
    seconds = [1.2 * n for n in range(12)]
    return Closely(
        now=NOW,
        row=card,
        findings=(Finding(health=Health.HEALTHY, words=card.words, next_step=card.advice),),
        levels=(card.level,),
        declaration=Declaration(cores=4, heap_mb=1152, trigger_ms=1000),
        buckets=buckets_of(span),
        batches=[
            Batch(
                query="counts",
                batch_id=15_022 - n,
                epoch=3,
                ended_at=NOW - timedelta(seconds=ago),
                messages=40 + n % 7,
                refused=1 if n == 4 else 0,
                duration_ms=280 + 11 * n % 90,
                delay_seconds=1.3,
            )
            for n, ago in enumerate(seconds)
        ],
        partitions=tuple(
            PartitionLag(
                partition=n,
                position=102_331 + n,
                first=0,
                end=102_331 + n,
                messages=0,
                seconds=0.0,
                lost=0,
            )
            for n in range(6)
        ),
        deeds=[deed(1, "stream.start", "admin", "page", operation=4), *OLDER],
        operations=[order(4, Verb.START, "submitted driver-20261122052855-0002")],
    )


def deed(hours: int, action: str, who: str, via: str, **details: object) -> Deed:
    """Somebody did something to the first stream."""
    at = NOW - timedelta(hours=hours)
    return Deed(at=at, who=who, via=via, action=action, subject=WELL.stream, details=details)


OLDER = [
    deed(2, "stream.drain", "admin", "airflow", operation=3),
    deed(26, "stream.start", "root (weir streams)", "cli", operation=1),
]


def order(number: int, verb: Verb, outcome: str) -> Operation:
    """An order that was carried out."""
    began = NOW - timedelta(hours=1)
    return Operation(
        id=number,
        stream=WELL.stream,
        verb=verb,
        step=Step.SUBMIT,
        arguments={"changed_by": "admin"},
        owner="host:1",
        state="done",
        outcome=outcome,
        started_at=began,
        ended_at=began + timedelta(seconds=9),
    )


class SceneRoom:
    """Answers like `Room`, from the scene."""

    def __init__(self, cards: tuple[Card, ...] = SCENE) -> None:
        self.cards = {card.stream: card for card in cards}
        self.specs = self.cards

    def overview(self) -> Overview:
        return Overview(now=NOW, streams=list(self.cards.values()), sources=SOURCES)

    def closely(self, stream: str, span: Span) -> Closely:
        return closely(self.cards[stream], span)

    def forget(self) -> None:
        pass

    def draining(self, stream: str) -> None:
        """From now on somebody's drain of the stream is under way."""
        open_order = OpenOrder(verb=Verb.DRAIN, step="wait", changed_by="admin", seconds_ago=2.0)
        self.cards[stream] = replace(self.cards[stream], operation=open_order)
