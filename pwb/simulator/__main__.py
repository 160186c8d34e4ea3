"""``python -m pwb.simulator --port N``."""

import argparse
import sys

from pwb.simulator.server import SimulatorPortBusy, run


def main() -> int:
    """The exit status: 0 after a stop signal, 1 where the port is busy."""
    parser = argparse.ArgumentParser(prog="python -m pwb.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=5001)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.02, help="seconds before each piece")
    parser.add_argument("--first-delay", type=float, default=0.4, help="seconds before the first")
    options = parser.parse_args()
    try:
        run(options.port, options.host, options.seed, options.delay, options.first_delay)
    except SimulatorPortBusy as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
