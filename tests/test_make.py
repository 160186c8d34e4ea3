"""The Makefile's promises that can be kept without installing anything."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pwb.config import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
TARGETS = {"help", "setup", "demo", "run", "test", "lint", "bench", "migrate", "secrets", "lock"}


def make(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run make as from a shell, also where make started these tests."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFL"))
    }
    for name in ("HOST", "PORT", "PYTHON"):
        kept.pop(name, None)
    return subprocess.run(
        ["make", *arguments], cwd=cwd, env=kept, capture_output=True, text=True, check=False
    )


def copy_without_environment(tmp_path: Path) -> Path:
    """The Makefile where nothing was installed yet."""
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def fake_python(tmp_path: Path, script: str) -> str:
    path = tmp_path / "fake-python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return f"PYTHON={path}"


def test_make_alone_lists_every_target() -> None:
    listed = set(re.findall(r"^  make (\w+) +\S", make().stdout, re.M))
    assert listed == TARGETS


def test_demo_and_run_listen_on_loopback_at_5000_unless_told_otherwise() -> None:
    for target, module in (("demo", "pwb.demo"), ("run", "pwb.serve")):
        usual = make("-n", target).stdout
        assert f"HOST='127.0.0.1' PORT='5000' exec .venv/bin/python -m {module}" in usual
        assert "HOST='::1' PORT='8080'" in make("-n", target, "HOST=::1", "PORT=8080").stdout


def test_an_old_python_is_one_clear_line(tmp_path: Path) -> None:
    old = fake_python(tmp_path, "exit 1")
    ended = make("setup", old, cwd=copy_without_environment(tmp_path))
    assert ended.returncode != 0
    assert "is not Python 3.11 or newer" in ended.stdout
    assert not (tmp_path / ".venv").exists()


def test_a_python_without_its_venv_module_is_one_clear_line(tmp_path: Path) -> None:
    bare = fake_python(tmp_path, 'case "$2" in *ensurepip*) exit 1;; esac')
    ended = make("setup", bare, cwd=copy_without_environment(tmp_path))
    assert ended.returncode != 0
    assert "apt install python3-venv" in ended.stdout


def test_what_is_installed_is_not_installed_again(tmp_path: Path) -> None:
    tree = copy_without_environment(tmp_path)
    (tree / ".venv" / "bin").mkdir(parents=True)
    for name in ("bin/python", ".stamp-run", ".stamp-dev"):
        (tree / ".venv" / name).touch()
    assert "pip install" not in make("-n", "test", cwd=tree).stdout
    os.utime(tree / "requirements-dev.txt", (4e9, 4e9))
    assert "pip install" in make("-n", "test", cwd=tree).stdout
    assert "pip install" not in make("-n", "run", cwd=tree).stdout
