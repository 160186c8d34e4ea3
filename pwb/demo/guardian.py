"""Ends the demo's servers when the demo itself is gone, however it ended.

It shares their process group and holds one end of a pipe whose other end the demo holds: even
a killed demo closes that, and nothing is left running. It runs without the portal's packages.
"""

import os
import signal
import sys
import time

GRACE_SECONDS = 4

if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)
