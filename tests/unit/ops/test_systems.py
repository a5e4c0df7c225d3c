"""Which systems a start brings up."""

import pytest

from tests.support.stream_specs import wikimedia_spec
from weir.errors import SettingError
from weir.ops.systems import is_wanted, wanted_systems
from weir.settings import Settings


@pytest.mark.parametrize(
    ("with_", "wanted"),
    [
        ("", {"wikimedia"}),
        ("promo", {"wikimedia", "promo"}),
        (" promo , ", {"wikimedia", "promo"}),
        ("all", {"wikimedia", "promo"}),
    ],
)
def test_a_start_brings_up_wikimedia_and_what_is_named(with_: str, wanted: set[str]):
    """One laptop has no room for everything at once."""
    assert wanted_systems(Settings(_env_file=None, with_=with_)) == wanted


def test_a_name_that_is_no_system_is_refused_with_those_there_are():
    """A slip of the finger must not start less than was meant."""
    with pytest.raises(SettingError, match="'prom'") as refused:
        wanted_systems(Settings(_env_file=None, with_="prom"))
    assert refused.value.hint == "there are: promo, all"


def test_a_stream_without_a_system_is_always_wanted_and_another_when_it_is_named():
    """`make run` starts Wikimedia alone."""
    alone, both = Settings(_env_file=None), Settings(_env_file=None, with_="promo")
    always, promo = wikimedia_spec(), wikimedia_spec().model_copy(update={"system": "promo"})
    assert [is_wanted(spec, alone) for spec in (always, promo)] == [True, False]
    assert [is_wanted(spec, both) for spec in (always, promo)] == [True, True]
