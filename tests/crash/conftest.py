import sys
from pathlib import Path

# worker.py is a program as well as a module; arena.py is what it and the tests have in common.
sys.path.insert(0, str(Path(__file__).parent))
