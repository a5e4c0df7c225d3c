"""The declared topics under the names that the settings give them, as far as they are ours."""

from __future__ import annotations

from dataclasses import replace

from weir.kafka.declared import DLQ_SUFFIX, TopicDeclaration, dlq_of, load_topics
from weir.settings import Settings


def topics_here(settings: Settings) -> dict[str, TopicDeclaration]:
    """What the main cluster must have.

    A topic on an outside cluster is that cluster's own matter; what is refused from it comes to us.
    """
    names = {
        "promo-campaigns": settings.promo_in_topic,
        "promo-wakeups": settings.promo_wakeups_topic,
        "promo-notifications": settings.promo_out_topic,
    }
    outside = set()
    if settings.promo_in_bootstrap:
        outside.add("promo-campaigns")
    if settings.promo_out_bootstrap:
        outside.add("promo-notifications")
    found = {}
    for declared, topic in load_topics().items():
        if declared in outside:
            continue
        original = declared.removesuffix(DLQ_SUFFIX)
        own = names.get(original, original)
        name = dlq_of(own) if declared.endswith(DLQ_SUFFIX) else own
        found[name] = replace(topic, name=name)
    return found
