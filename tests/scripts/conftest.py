import sys
from pathlib import Path

# The shell with its sandbox is that of the command line's tests.
sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
