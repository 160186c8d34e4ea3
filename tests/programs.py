"""Starting the portal's own programs as a person does, apart from the machine's settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pwb.config import ROOT, Settings
from tests.waiting import START


def environment(instance: Path, **values: str) -> dict[str, str]:
    """The machine's environment with these settings of the portal's, and no others."""
    ours = {name.upper() for name in Settings.model_fields} | {"HOST", "PORT", "WEB_THREADS"}
    # Each start would compile the whole portal anew.
    ours.add("PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return kept | {"PWB_INSTANCE": str(instance), "WEB_CONCURRENCY": "1"} | values


def run_module(
    module: str, *arguments: str, instance: Path, **values: str
) -> subprocess.CompletedProcess[str]:
    """Run a module that ends by itself soon."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=environment(instance, **values),
        capture_output=True,
        text=True,
        timeout=START,
        check=False,
    )
