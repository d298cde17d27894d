"""What the tests of the project's own clients share."""

from __future__ import annotations

import sys

from tests.conftest import PROJECT

# The driver's data frames are pandas', which nothing else here needs: from the other clients' environment, after ours.
sys.path += map(str, (PROJECT / ".venv-clients").glob("lib/python*/site-packages"))
