import sys
from pathlib import Path

# The sandbox with all that the journeys need of it is the crash tests' arena.
sys.path.insert(0, str(Path(__file__).parents[1] / "crash"))
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "certs"))
sys.path.append(str(Path(__file__).parents[1] / "runner"))
