"""The filter with the re-read taken out: it keeps the list of its first batch. It must leak."""

from __future__ import annotations

from spark_jobs.lib.driver import run_driver
from spark_jobs.market_banned_filter import batch
from spark_jobs.market_banned_filter.main import start
from weir.market.ban_list import BanList

if __name__ == "__main__":
    BanList.holds_at = lambda self, moment: True  # type: ignore[method-assign]
    assert batch.fetch_moment
    run_driver(start)
