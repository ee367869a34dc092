"""What is installed: every package that is named or needed, in one version, with the hashes of its files."""

import re

import pytest

from tests.service import PROJECT

NAMES = ["requirements", "requirements-optional", "requirements-dev", "requirements-battery"]
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)", re.MULTILINE)


def pins(text: str) -> set[tuple[str, str]]:
    return {(re.sub(r"[-_.]+", "-", name).lower(), version) for name, version in _PIN.findall(text)}


@pytest.mark.parametrize("name", NAMES)
def test_a_lock_file_has_its_requirements_in_the_same_versions(name):
    assert pins((PROJECT / f"{name}.txt").read_text()) <= pins((PROJECT / f"{name}.lock").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_a_lock_file_has_hashes_for_each_package(name):
    packages = re.split(r"\n(?=[A-Za-z0-9])", (PROJECT / f"{name}.lock").read_text())
    assert len(packages) > 5
    assert [each.split("\n")[0] for each in packages if "==" in each and "--hash=sha256:" not in each] == []
