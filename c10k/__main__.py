"""`python -m c10k`."""

import sys

from c10k.cli.main import main

sys.exit(main())
