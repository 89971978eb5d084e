"""``python -m coldbench`` is the command ``coldbench``."""

import sys

from .benchmarks.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
