"""One journey as two releases have it: runs that the first began are finished by the second."""
