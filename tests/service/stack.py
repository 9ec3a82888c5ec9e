"""The servers that the tests run against, as `espace test` has started them."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any


@cache
def stack() -> dict[str, Any]:
    """The file named by ESPACE_TEST_STACK: addresses of the servers, and each process's environment."""
    return json.loads(Path(os.environ["ESPACE_TEST_STACK"]).read_text())
