"""What is kept in the instance directory, after a full disk or somebody else wrote there."""

import json
from pathlib import Path

import pytest

from videosession.auth import _kept_secret
from videosession.config import Config
from videosession.embedded import Embedded


@pytest.fixture
def config(tmp_path) -> Config:
    return Config.read({"INSTANCE_PATH": str(tmp_path / "instance")})


@pytest.mark.parametrize("written", ["", "short", "0" * 31])
def test_a_kept_secret_that_is_too_short_is_made_anew(config, written):
    config.make_instance()
    (config.instance_path / "jwt-secret").write_text(written)
    made = _kept_secret(config)
    assert len(made) >= 32
    assert _kept_secret(config) == made


def test_a_kept_secret_that_is_a_link_is_made_anew_and_what_it_named_stays(config, tmp_path):
    config.make_instance()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("known to somebody else, longer than 32 bytes")
    (config.instance_path / "jwt-secret").symlink_to(elsewhere)
    assert _kept_secret(config) != elsewhere.read_text()
    assert not (config.instance_path / "jwt-secret").is_symlink()
    assert elsewhere.exists()


BROKEN = ["", "{", "null", "[]", "{}", '{"port": "x", "pid": 1, "keeper": 1}', "\0\0\0"]


@pytest.mark.parametrize("written", BROKEN)
def test_an_address_that_cannot_be_read_is_made_anew(tmp_path: Path, written):
    (tmp_path / "database.json").write_text(written)
    assert Embedded(tmp_path).uri.startswith("mongodb://127.0.0.1:")
    assert json.loads((tmp_path / "database.json").read_text())["pid"] is None
