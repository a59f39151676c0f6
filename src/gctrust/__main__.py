"""`python -m gctrust` is `gctrust`."""

from .cli.main import main

if __name__ == "__main__":
    main()
