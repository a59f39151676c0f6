import sys
from pathlib import Path

# tiny.py is a program as well as a module: tests import what they also kill.
sys.path.insert(0, str(Path(__file__).parent))
