"""`python -m pipeline …` is the console script `pipeline …`."""

import sys

from pipeline.cli import main

sys.exit(main())
