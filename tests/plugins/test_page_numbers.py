"""How the page writes numbers and times; run by the Node that Playwright brings."""

from __future__ import annotations

import json
import subprocess

import pytest
from playwright._impl._driver import compute_driver_executable

from stream_ops.page.files import STATIC

NODE = compute_driver_executable()[0]


def called(file: str, expression: str) -> object:
    """The value of a JavaScript expression that uses what `file` exports."""
    names = "{ " + expression.split("(")[0] + " }"
    module = (STATIC / "js" / file).as_uri()
    program = f"import {names} from {json.dumps(module)}; console.log(JSON.stringify({expression}))"
    done = subprocess.run(
        [NODE, "--input-type=module", "--eval", program], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("count(null)", "–"),
        ("count(0)", "0"),
        ("count(48210)", "48,210"),
        ("count(1284331)", "1.28M"),
        ("rate(0)", "0"),
        ("rate(5.03)", "5.0"),
        ("rate(40.8)", "41"),
        ("megabytes(1197.1)", "1.2 GB"),
        ("milliseconds(312)", "312 ms"),
        ("milliseconds(2100)", "2.1 s"),
        ("duration(null)", "–"),
        ("duration(0)", "0 s"),
        ("duration(1140)", "19 min"),
        ("duration(517000)", "6.0 days"),
        ("ago(-0.2)", "0 s ago"),
        ("ago(null)", "–"),
        ('moment("2026-11-22T09:41:07.123+02:00")', "2026-11-22 07:41:07"),
    ],
)
def test_numbers_are_short_and_what_is_unknown_is_a_dash(expression, text):
    """A zero where nothing is known would calm people down."""
    assert called("format.js", expression) == text
