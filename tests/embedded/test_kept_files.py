"""The files in the instance directory, damaged by a full disk or by somebody else."""

import json
import os
from pathlib import Path

import pytest

from videosession.auth.kept_secret import kept_secret
from videosession.config import Config, ConfigError
from videosession.embedded import Embedded, EmbeddedError


@pytest.fixture
def config(tmp_path) -> Config:
    return Config.read({"INSTANCE_PATH": str(tmp_path / "instance")})


@pytest.mark.parametrize("written", ["", "short", "0" * 31])
def test_a_stored_secret_that_is_too_short_is_replaced(config, written):
    config.make_instance()
    (config.instance_path / "jwt-secret").write_text(written)
    made = kept_secret(config)
    assert len(made) >= 32
    assert kept_secret(config) == made


def test_a_symlink_in_place_of_the_secret_is_replaced_and_its_target_kept(config, tmp_path):
    config.make_instance()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("known to somebody else, longer than 32 bytes")
    (config.instance_path / "jwt-secret").symlink_to(elsewhere)
    assert kept_secret(config) != elsewhere.read_text()
    assert not (config.instance_path / "jwt-secret").is_symlink()
    assert elsewhere.exists()


PORTS = ['"x"', "99999", "-5", "0", "1e999", "NaN", "true", "9" * 10_000]
BROKEN = ["", "{", "null", "[]", "{}", "\0\0\0", "[" * 200_000]
BROKEN += [f'{{"port": {port}, "pid": 1, "keeper": 1}}' for port in PORTS]


@pytest.mark.parametrize("written", BROKEN, ids=[text[:20] for text in BROKEN])
def test_an_unreadable_address_file_is_replaced(tmp_path: Path, written):
    (tmp_path / "database.json").write_text(written)
    assert Embedded(tmp_path).uri.startswith("mongodb://127.0.0.1:")
    assert json.loads((tmp_path / "database.json").read_text())["pid"] is None


def test_a_symlink_in_place_of_the_address_file_is_replaced_and_its_target_kept(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text('{"port": 1, "pid": 1, "keeper": 1}')
    (tmp_path / "database.json").symlink_to(elsewhere)
    assert not Embedded(tmp_path).uri.startswith("mongodb://127.0.0.1:1/")
    assert not (tmp_path / "database.json").is_symlink()
    assert json.loads(elsewhere.read_text())["port"] == 1


def test_a_dangling_symlink_in_place_of_the_address_file_is_replaced(tmp_path):
    (tmp_path / "database.json").symlink_to(tmp_path / "nowhere")
    assert Embedded(tmp_path).pid is None
    assert not (tmp_path / "nowhere").exists()


def test_a_symlink_in_place_of_the_lock_is_not_followed_and_the_error_says_what_to_do(tmp_path):
    (tmp_path / "database.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EmbeddedError, match=r"database\.lock is a symbolic link, which is not followed: remove it"):
        Embedded(tmp_path).ensure()
    assert not (tmp_path / "elsewhere").exists()


def test_a_secret_that_cannot_be_stored_gives_a_readable_error(config):
    config.make_instance()
    (config.instance_path / "jwt-secret").mkdir()
    with pytest.raises(ConfigError, match="The generated secret cannot be stored in .*jwt-secret"):
        kept_secret(config)


def test_a_pipe_in_place_of_a_stored_file_does_not_block(config):
    config.make_instance()
    for name in ("jwt-secret", "database.json"):
        os.mkfifo(config.instance_path / name)
    assert len(kept_secret(config)) >= 32
    assert Embedded(config.instance_path).pid is None


def test_an_endless_secret_file_is_replaced(config):
    config.make_instance()
    (config.instance_path / "jwt-secret").write_bytes(b"a" * 1_000_000)
    assert len(kept_secret(config)) < 100


@pytest.mark.parametrize("name", ["database.json", "database.lock"])
def test_a_directory_in_place_of_a_stored_file_gives_a_readable_error(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(EmbeddedError, match=f"{name} can"):
        _ = Embedded(tmp_path).ensure() if name.endswith("lock") else Embedded(tmp_path).uri


def test_a_symlink_in_place_of_the_data_is_not_followed_and_the_error_says_what_to_do(tmp_path):
    (tmp_path / "database").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EmbeddedError, match="database is a symbolic link, which is not followed: remove it"):
        Embedded(tmp_path).ensure()
