"""What describes the service to Docker and Heroku says what the Procfile and the settings say."""

import json
import re

import pytest

from tests.service import PROJECT
from videosession.config import Config

PROCFILE = dict(line.split(": ", 1) for line in (PROJECT / "Procfile").read_text().splitlines())
DOCKERFILE = (PROJECT / "Dockerfile").read_text()
COMPOSE = (PROJECT / "compose.yaml").read_text()
SETTINGS = {name.upper() for name in Config.__dataclass_fields__}


def test_the_image_runs_the_command_of_the_procfile_but_not_as_root():
    assert json.loads(re.search(r"^CMD (.*)$", DOCKERFILE, re.M)[1]) == PROCFILE["web"].split()
    assert re.search(r"^USER 10001$", DOCKERFILE, re.M)
    assert "/livez" in DOCKERFILE


@pytest.mark.parametrize("name", ["release", "worker"])
def test_compose_runs_the_command_of_the_procfile(name):
    [command] = re.findall(rf"^  {name}:\n(?:    .*\n)*?    command: \[(.*)\]$", COMPOSE, re.M)
    assert command.split(", ") == PROCFILE[name].split()


def test_everything_copied_into_the_image_exists_and_is_not_ignored():
    copied = [name for line in re.findall(r"^COPY (?!--)(.*) \S+$", DOCKERFILE, re.M) for name in line.split()]
    kept = re.findall(r"^!(.*)$", (PROJECT / ".dockerignore").read_text(), re.M)
    assert sorted(copied) == sorted(kept)
    assert all((PROJECT / name).exists() for name in copied)


def test_container_files_set_only_existing_settings():
    named = re.findall(r"^      ([A-Z_]+):", COMPOSE, re.M) + list(
        json.loads((PROJECT / "app.json").read_text())["env"]
    )
    assert named
    assert set(named) <= SETTINGS
