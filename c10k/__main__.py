"""`python -m c10k`."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 (pip refuses to install; a checkout runs without)
    sys.exit("c10k: needs Python 3.11 or later: name one, such as `python3.13 -m c10k`")

from c10k.cli.main import main

sys.exit(main())
