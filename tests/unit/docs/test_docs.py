"""Documents and code name the same things: what is written exists, what exists is written."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.unit.docs import words
from weir.kafka.declared import load_topics
from weir.ops.streams import load_streams
from weir.platform.catalogue import components
from weir.platform.layout import Layout
from weir.platform.settings_report import names_of
from weir.ports import Port
from weir.serving.metric_names import DECLARED
from weir.settings import REPO, Settings
from weir.store.roles import load_roles

HISTOGRAM = ("_bucket", "_sum", "_count")


def test_every_setting_is_explained_and_no_other_is_named():
    """A setting that nobody explains is not used; one that does not exist is searched for hours."""
    known = {name for field in Settings.model_fields for name in names_of(field)}
    named = set(re.findall(r"\bWEIR_[A-Z_]+\b", words.TEXT))
    assert named - known == set()
    assert known - named - {"KAFKA_BOOTSTRAP_SERVERS"} == set()


def test_the_table_of_settings_has_each_one_with_its_default():
    """Numbers in documents go stale first."""
    page = (REPO / "docs" / "index.md").read_text()
    rows = dict(re.findall(r"^\| `(WEIR_\w+)` \| (.*?) \|", page, re.MULTILINE))
    assert rows.keys() == {names_of(field)[0] for field in Settings.model_fields}
    for field, info in Settings.model_fields.items():
        default = info.default
        if isinstance(default, int | float) or (isinstance(default, str) and default):
            text = f"{default:g}" if isinstance(default, int | float) else default
            assert rows[names_of(field)[0]] == f"`{text}`", field


def test_every_topic_and_stream_is_described():
    """Whoever sees a topic in Kafka must find out what it is."""
    topics, streams = load_topics(), load_streams()
    assert topics
    assert streams
    for name in [*topics, *streams]:
        assert f"`{name}`" in words.TEXT, name
    derived = set(re.findall(r"`([a-z_]+\.(?:dlq|progress))`", words.TEXT))
    assert derived - topics.keys() == set()


def test_every_table_is_described_and_no_other_is_named():
    """A wrong table name in a runbook costs time at night."""
    existing = words.tables()
    assert len(existing) > 8
    schemas = "ops|wikimedia|promo|market|public"
    named = set(re.findall(rf"`((?:{schemas})\.\w+)`", words.TEXT)) - load_topics().keys()
    assert named == existing


def test_every_metric_is_described_and_no_other_is_named():
    """Names are copied from documents into dashboards."""
    existing = {metric.value for metric in DECLARED}
    named = set(re.findall(r"`(weir_\w+)`", words.TEXT)) - {"weir_sample"}
    named -= {role.name for role in load_roles()}
    assert {re.sub(f"({'|'.join(HISTOGRAM)})$", "", name) for name in named} - existing == set()
    assert existing - named == set()


def test_every_alert_has_its_line_in_the_runbook():
    """An alert without a way out is noise."""
    rules = sorted((REPO / "monitoring" / "prometheus" / "rules").glob("*.yml"))
    alerts = {
        rule["alert"]
        for path in rules
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    }
    assert alerts
    runbook = (REPO / "docs" / "runbook.md").read_text()
    assert set(re.findall(r"^\| `(Weir\w+)`", runbook, re.MULTILINE)) == alerts


def test_what_an_alert_says_to_do_can_be_done():
    """At night a command is copied, not thought about."""
    verbs, calls = words.verbs(), []
    for path in sorted((REPO / "monitoring" / "prometheus" / "rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                action = re.sub(r"\{\{.*?\}\}", "NAME", rule["annotations"]["action"])
                calls += words.calls_of_weir("".join(f"`{part}`" for part in action.split(";")))
    assert len(calls) > 40
    for call in calls:
        assert words.verb_of(call) in verbs, call


def test_every_verb_is_named():
    """A verb that no document names is found by nobody."""
    called = {words.verb_of(call) for call in words.calls_of_weir(words.TEXT)}
    assert set(words.verbs()) - called == set()


def test_every_named_verb_and_option_exists():
    """No word that was not tried."""
    verbs = words.verbs()
    calls = words.calls_of_weir(words.TEXT)
    assert len(calls) > 40
    for call in calls:
        name = words.verb_of(call)
        assert name in verbs, f"weir {' '.join(call)}"
        options = {
            option
            for parameter in verbs[name].params
            for option in [*parameter.opts, *parameter.secondary_opts]
        }
        used = {re.split("[=]", word)[0] for word in call if word.startswith("-")}
        if name != "db shell":  # its further words belong to psql
            assert used <= options | {"--help"}, f"weir {' '.join(call)}"


def test_every_named_stream_and_component_exists(tmp_path):
    """A copied command must not fail on its last word."""
    streams = set(load_streams()) | {"NAME"}
    logs = {
        c.name for c in components(Layout(Settings(_env_file=None, home=tmp_path, with_="all")))
    }
    seen = 0
    for call in words.calls_of_weir(words.TEXT):
        if call[0] == "streams":
            given = [word for word in call[2:] if not re.match(r"-|\d+(/\d+)?$", word)]
            assert set(given) <= streams, call
            seen += len(given)
        if call[0] == "logs":
            given = [word for word in call[1:] if not word.startswith("-") and not word.isdigit()]
            assert set(given) <= logs | streams, call
            seen += len(given)
    assert seen > 10


def test_every_named_make_target_exists():
    """`make` is the door."""
    targets = words.make_targets()
    named = set(re.findall(r"(?:^|[\s`])make ([a-z][a-z-]*)", "\n".join(words.code_of(words.TEXT))))
    assert "run" in targets
    assert named - targets == set()


def test_every_named_tool_exists_and_every_tool_is_named():
    """bin/ holds the real tools with the platform's addresses."""
    tools = {path.name for path in (REPO / "bin").iterdir() if not path.name.startswith(".")}
    named = set(re.findall(r"bin/([a-z][a-z-]*)", words.TEXT))
    assert named == tools


@pytest.mark.parametrize("path", words.DOCUMENTS, ids=lambda path: str(path.relative_to(REPO)))
def test_every_link_leads_somewhere(path):
    """A dead link ends the reading."""
    text = words.FENCE.sub("", path.read_text())
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        if anchor:
            assert anchor in words.anchors(there), target


def test_every_document_is_linked_from_the_index():
    """A page that nothing leads to does not exist."""
    index = REPO / "docs" / "index.md"
    linked = {
        (index.parent / target.partition("#")[0]).resolve()
        for target in re.findall(r"\]\(([^)\s]+)\)", index.read_text())
    }
    pages = {path for path in words.DOCUMENTS if path.parent.name != "adr"} - {index}
    assert len(pages) > 5
    assert pages - linked == set()


def test_every_file_that_is_named_exists():
    """Paths move."""
    folders = "weir|spark_jobs|include|monitoring|docker|docs|tests|benchmarks"
    named = set(re.findall(rf"`((?:{folders})/[\w./-]+)`", words.TEXT))
    assert len(named) > 8
    assert {name for name in named if not (REPO / name).exists()} == set()


def test_the_ports_of_the_architecture_are_those_of_the_code():
    """People open what is written."""
    page = (REPO / "docs" / "architecture.md").read_text()
    rows = page.split("## The parts")[1].split("`bin/weir up`")[0]
    named = {int(number) for number in re.findall(r"\b(\d{4})\b", rows)}
    assert {port.value for port in Port} - named == set()
    assert named - {port.value for port in Port} == {9192, 9292, 9195, 9295, 9196, 9296, 9504, 9604}
