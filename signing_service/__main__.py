"""``python -m signing_service`` is ``signing-service``."""

import sys

from signing_service.cli import main

sys.exit(main())
