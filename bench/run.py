"""Runs the benchmarks: every file beside this one, or those named. `make bench ARGS='client'`.

Each is a program of its own that prints what it measured and ends with status 0 where its
aims are met.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(names: list[str]) -> int:
    """Run them one after the other; status 1 where one of them failed or is not there."""
    known = {path.stem: path for path in sorted(HERE.glob("*.py")) if path.stem != "run"}
    unknown = [name for name in names if name not in known]
    if unknown:
        print(
            f"No benchmark is called {', '.join(unknown)}. There are: {', '.join(known) or 'none'}."
        )
        return 1
    if not known:
        print("There are no benchmarks yet.")
    failed = [name for name in names or known if not _passes(known[name])]
    if failed:
        print(f"\nAims missed: {', '.join(failed)}")
    return 1 if failed else 0


def _passes(path: Path) -> bool:
    print(f"\n== {path.stem}", flush=True)
    root = HERE.parent
    done = subprocess.run([sys.executable, path], cwd=root, env=_environment(root), check=False)
    return done.returncode == 0


def _environment(root: Path) -> dict[str, str]:
    """Benchmarks import the portal from the work tree, not from an installed copy."""
    paths = filter(None, [str(root), os.environ.get("PYTHONPATH")])
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
