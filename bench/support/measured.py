"""The portal's app with a watch on its database connections, for one worker of gunicorn."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from flask import Flask

from pwb import create_app
from pwb.extensions import db

EVERY_SECONDS = 0.02


def _watch(app: Flask, path: Path) -> None:
    """Write down the moment, the connections in use and the generations in flight."""
    with app.app_context():
        pool = db.engine.pool
    running = app.extensions["pwb_running"]
    with path.open("w", buffering=1) as out:
        while True:
            print(time.monotonic(), pool.checkedout(), running.count(), file=out)
            time.sleep(EVERY_SECONDS)


app = create_app()
_path = Path(os.environ["BENCH_SAMPLES"]) / f"{os.getpid()}.txt"
threading.Thread(target=_watch, args=(app, _path), daemon=True).start()
