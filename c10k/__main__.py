"""`python -m c10k`."""

import sys

from c10k.cli import main

sys.exit(main())
