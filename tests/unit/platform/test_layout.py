"""The data folder refuses what it cannot be sure of."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from weir.errors import SettingError
from weir.platform.layout import LONGEST_SOCKET_PATH, Layout
from weir.platform.unprivileged import reaches
from weir.settings import Settings


def layout_in(folder):
    return Layout(Settings(_env_file=None, home=folder))


def test_a_folder_of_another_version_is_refused_with_both_versions(tmp_path):
    """PostgreSQL 17's files under PostgreSQL 18 would fail in a far less friendly way."""
    (tmp_path / "VERSION").write_text(json.dumps({"layout": 1, "postgres": 17, "kafka": "4.1"}))
    with pytest.raises(SettingError, match=r"'postgres': 17.*'postgres': 18[\s\S]*WEIR_HOME"):
        layout_in(tmp_path).create()


def test_data_without_a_version_is_refused(tmp_path):
    """It may be somebody else's folder."""
    (tmp_path / "data").mkdir()
    with pytest.raises(SettingError, match="no VERSION"):
        layout_in(tmp_path).create()


def test_creating_twice_changes_nothing(tmp_path):
    """A second `weir up` is harmless."""
    layout = layout_in(tmp_path)
    layout.create()
    before = sorted(tmp_path.rglob("*"))
    layout.create()
    assert sorted(tmp_path.rglob("*")) == before
    assert layout.secrets.stat().st_mode & 0o777 == 0o700


def test_the_socket_leaves_a_folder_whose_name_is_too_long(tmp_path):
    """A Unix socket's path ends at 108 bytes; home folders do not."""
    long = tmp_path / ("x" * 100)
    assert len(str(layout_in(long).supervisor_socket)) <= LONGEST_SOCKET_PATH
    short = layout_in(tmp_path / "y")
    if len(str(short.run)) < 80:
        assert short.supervisor_socket.parent == short.run


def test_a_closed_parent_folder_is_noticed():
    """Under a 0700 home another user cannot reach the data, whatever the data's own mode is."""
    with tempfile.TemporaryDirectory() as name:
        outer = Path(name)
        outer.chmod(0o755)
        assert reaches("nobody", outer / "not yet there")
        outer.chmod(0o700)
        assert not reaches("nobody", outer / "not yet there")
