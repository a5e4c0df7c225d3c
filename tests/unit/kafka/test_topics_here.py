"""Topics have the names that the settings give them, and those of other clusters are left alone."""

from __future__ import annotations

from weir.kafka.declared import load_topics
from weir.kafka.topics_here import topics_here
from weir.settings import Settings


def test_by_default_the_declared_topics_are_the_topics() -> None:
    """Whoever reads topics.yaml knows what there is."""
    assert topics_here(Settings(_env_file=None)) == load_topics()


def test_a_renamed_topic_takes_its_dead_letters_along() -> None:
    """A dead letter for a topic that does not exist would stop the stream."""
    found = topics_here(Settings(_env_file=None, promo_in_topic="menus"))
    assert {"menus", "menus.dlq"} <= found.keys()
    assert {"promo-campaigns", "promo-campaigns.dlq"} & found.keys() == set()
    assert found["menus"].name == "menus"
    assert found["menus"].config == load_topics()["promo-campaigns"].config


def test_a_companys_topics_are_not_ours_to_make_but_their_dead_letters_are() -> None:
    """We have no right to create anything there, and must not litter our own cluster."""
    settings = Settings(
        _env_file=None,
        promo_in_bootstrap="theirs:1",
        promo_in_topic="menus",
        promo_out_bootstrap="theirs:1",
        promo_out_topic="news",
    )
    found = topics_here(settings).keys()
    assert "menus.dlq" in found
    assert {"menus", "news", "promo-campaigns", "promo-notifications"} & found == set()
