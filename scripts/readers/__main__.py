"""`python -m readers`: see run.py."""

import sys

from .run import main

# Processes of the pool import this module under another name.
if __name__ == "__main__":
    sys.exit(main())
