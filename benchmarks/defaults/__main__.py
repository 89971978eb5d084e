"""``python -m coldbench.benchmarks.defaults``: choose a method's defaults on several datasets."""

import sys

from coldbench.benchmarks.defaults.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
