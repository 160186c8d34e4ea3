"""What the benchmarks share: an AI service that costs next to nothing, and a portal of its own."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))
