"""A setting that nobody reads is named, with the one that was meant."""

from __future__ import annotations

import pytest

from weir.platform.settings_report import unknown_names


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("WEIR_HOEM", "WEIR_HOME"),
        ("WEIR_WIKIMEDIA_CONTAKT", "WEIR_WIKIMEDIA_CONTACT"),
        ("WEIR_CONTACT", "WEIR_WIKIMEDIA_CONTACT"),
        ("WEIR_KAFKA_BROKER", "WEIR_KAFKA_BROKERS"),
        ("weir_port", "WEIR_PORT_BASE"),
    ],
)
def test_a_misspelt_setting_is_named_with_the_one_that_was_meant(misspelt, meant):
    """Ignored in silence, it looks as if it had no effect."""
    (found,) = unknown_names({misspelt: "x"}, {})
    assert (found.name, found.source, found.meant) == (misspelt, "environment", meant)


def test_a_name_like_no_setting_comes_without_a_guess():
    """A wrong guess is worse than none."""
    (found,) = unknown_names({}, {"WEIR_QQQQ": "1"})
    assert (found.name, found.source, found.meant) == ("WEIR_QQQQ", ".env", None)
    assert ".env.example" in found.way_out


def test_a_name_in_both_places_is_named_twice():
    """Whoever repairs one of them is not done."""
    found = unknown_names({"WEIR_HOEM": "a"}, {"WEIR_HOEM": "b"})
    assert [name.source for name in found] == ["environment", ".env"]


def test_settings_and_the_marks_of_a_platform_are_known():
    """Every process of a platform carries its marks; case does not matter to a setting."""
    words = (
        "WEIR_HOME weir_home WEIR_WITH WEIR_KAFKA_BOOTSTRAP KAFKA_BOOTSTRAP_SERVERS"
        " WEIR_INSTANCE WEIR_COMPONENT WEIR_TEST_HOME PATH WEIRD"
    )
    known = dict.fromkeys(words.split(), "")
    assert unknown_names(known, known) == []
