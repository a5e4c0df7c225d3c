"""What is remembered, and what is forgotten."""

from weir.sources.wikimedia.dedupe import KEEP_MS, RecentIds


def test_an_id_counts_once():
    """The source delivers at least once."""
    recent = RecentIds()
    assert recent.add("eqiad", "a", 1_000)
    assert not recent.add("eqiad", "a", 1_000)


def test_ids_that_cannot_come_again_are_forgotten():
    """Memory is bounded by the rewind, however long the collector runs."""
    recent = RecentIds()
    for number in range(100_000):
        recent.add("eqiad", str(number), number * 100)
    assert len(recent) == KEEP_MS / 100 + 1


def test_an_id_within_the_rewind_is_still_known():
    """A resumed connection starts 5 s back and delivers what is out of order behind that."""
    recent = RecentIds()
    recent.add("eqiad", "old", 100_000)
    recent.add("eqiad", "new", 100_000 + KEEP_MS)
    assert not recent.add("eqiad", "old", 100_000)


def test_an_idle_topic_forgets_nothing_while_another_goes_on():
    """It resumes at its own old position, and then delivers its own last 5 s again."""
    recent = RecentIds()
    recent.add("codfw", "idle", 1_000)
    for number in range(1_000):
        recent.add("eqiad", str(number), 1_000_000 + number * 1_000)
    assert not recent.add("codfw", "idle", 1_000)


def test_a_hold_keeps_everything_since_then():
    """Asking by time rewinds all topics to the oldest position."""
    recent = RecentIds()
    recent.hold(50_000)
    recent.add("eqiad", "old", 50_000)
    recent.add("eqiad", "new", 9_000_000)
    assert not recent.add("eqiad", "old", 50_000)
    recent.hold(None)
    recent.add("eqiad", "newer", 9_000_001)
    assert recent.add("eqiad", "old", 50_000)


def test_a_source_clock_that_stands_still_cannot_fill_the_memory():
    """All ids would stay within the rewind for ever."""
    recent = RecentIds(max_ids=10)
    for number in range(100):
        recent.add("eqiad", str(number), 1_000)
    assert len(recent) == 10
