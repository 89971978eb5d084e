"""``python -m coldbench`` is the command ``coldbench``."""

import sys

# Absolute: a type checker started in this folder takes the file for a module of no package.
from coldbench.benchmarks.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
