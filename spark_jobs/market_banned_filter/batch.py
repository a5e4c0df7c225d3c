"""One micro-batch: the ban list is read after its offsets are fixed, then everything is written.

Order: ledger and epoch are checked, version and clock read, what changed rules left is taken back
or let in again, products written, odd ones judged one by one, the ledger moved. Under a crash at
any point: the batch is done again, under the list of that later moment. Without the list nothing is
written.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial

import structlog
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from spark_jobs.lib.driver import Driver
from spark_jobs.lib.slices import Slice
from spark_jobs.lib.topics import Begun
from spark_jobs.lib.topics_batch import TopicsBatch
from spark_jobs.market_banned_filter import transforms
from spark_jobs.market_banned_filter.bans import BanFrame, ban_frames
from spark_jobs.market_banned_filter.odd import OddOnes
from spark_jobs.market_banned_filter.schema import QUERY, declared, sink_options
from spark_jobs.market_banned_filter.sink import observed, write
from weir.kafka.offsets import end_offsets
from weir.market import filter_commit
from weir.market.ban_list import BanList, fetch_list, fetch_moment
from weir.market.on_the_way import products_on_their_way
from weir.market.settle import Ends
from weir.market.take_back import Outlet, TakenBack, take_back
from weir.ops import lease
from weir.ops.failpoint import reach

log = structlog.get_logger()


class FilterBatch(TopicsBatch):
    """What is done with each batch of products and bans."""

    def __init__(self, driver: Driver, begun: Begun, options: Mapping[str, str]) -> None:
        super().__init__(driver, QUERY, begun, options)
        self._spec = declared(driver)
        self._sink = sink_options(driver.file.settings)
        self._outlet = Outlet(
            source=self._spec.topic,
            products=self._spec.products_topic,
            events=self._spec.events_topic,
            epoch=driver.epoch,
            incarnation=begun.incarnations[self._spec.topic],
        )
        self._bans: BanList | None = None
        self._frames: tuple[BanFrame, ...] = ()
        self._looked: int | None = None
        self._odd = OddOnes(self._read, self._publish)

    def _process(self, messages: DataFrame, piece: Slice) -> None:
        batch = filter_commit.Batch(
            stream=self._spec.name,
            query=QUERY,
            epoch=self._driver.epoch,
            batch_id=piece.batch_id,
            begins=piece.begins,
            ends=piece.ends,
            began=time.monotonic(),
        )
        reach("before_batch")
        # From here on: the offsets are fixed, so whoever sent a message of this batch after a ban
        # sent it before this look at the list.
        bans = self._patiently(lambda connection: self._list_for(connection, batch))
        if bans is None:
            log.info("batch was filtered before", batch_id=piece.batch_id, ends=piece.ends)
            return
        reach("after_list")
        taken = self._look(bans, piece)
        reach("before_write")
        rows, odd = self._write(messages.where(F.col("topic") == self._spec.topic), piece, bans)
        reach("after_write")
        refused = self._odd.write(messages, odd, bans, self._outlet) if odd else {}
        done = filter_commit.Done(ban_version=bans.version, rows=rows, refused=len(refused))
        self._patiently(
            lambda connection: filter_commit.commit(
                connection,
                batch,
                done,
                keep=lambda inside: self._keep(inside, {self._spec.topic: refused}),
            )
        )
        self._driver.control.done(
            QUERY,
            piece.batch_id,
            rows,
            ban_version=bans.version,
            retracted=taken.retracted,
            readmitted=taken.readmitted,
        )

    def _list_for(self, connection: lease.Pg, batch: filter_commit.Batch) -> BanList | None:
        """The list as it is now; None when the batch was done before."""
        if not filter_commit.is_new(connection, batch):
            return None
        moment = fetch_moment(connection)
        if self._bans is None or not self._bans.holds_at(moment):
            self._bans = fetch_list(connection)
            self._frames = ()
            log.info("list read", version=self._bans.version, rules=len(self._bans.rules))
        return self._bans

    def _look(self, bans: BanList, piece: Slice) -> TakenBack:
        """Once per version, and whenever the relay asks."""
        begins, ends = (
            offsets.get(self._spec.bans_topic, {}) for offsets in (piece.begins, piece.ends)
        )
        if self._looked == bans.version and begins == ends:
            return TakenBack()
        taken = self._patiently(
            lambda connection: take_back(
                connection,
                self._publish(),
                self._outlet,
                self._ends,
                self._driver.control.stop.wait,
                partial(products_on_their_way, self._driver.file.settings),
            )
        )
        self._looked = bans.version
        if taken != TakenBack():
            log.info("taken back", **asdict(taken))
        return taken

    def _write(self, messages: DataFrame, piece: Slice, bans: BanList) -> tuple[int, int]:
        """How many messages there were, and how many of them are not sure and not written."""
        topic = self._spec.topic
        if piece.begins.get(topic) == piece.ends.get(topic):
            return 0, 0
        if not self._frames:
            self._frames = ban_frames(messages.sparkSession, bans)
        seen = Observation()
        decided = transforms.decide(messages, self._frames).observe(
            seen,
            F.count(F.lit(1)).alias("rows"),
            F.count_if(~F.col("sure")).alias("odd"),
        )
        outputs = transforms.Outputs(
            source=self._outlet.source_name,
            products=self._outlet.products,
            events=self._outlet.events,
            epoch=self._outlet.epoch,
            ban_version=bans.version,
        )
        write(transforms.records(decided, outputs), self._sink)
        found = observed(seen)
        return found["rows"], found["odd"]

    def _ends(self) -> Ends:
        settings = self._driver.file.settings
        topics = (self._outlet.products, self._outlet.events)
        return {topic: end_offsets(settings, topic) for topic in topics}
