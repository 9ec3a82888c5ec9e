"""The settings that operators' commands work with: the environment's, or those of the run of this checkout."""

import os
from collections.abc import Mapping

NAMED_BY = "OPS_RABBITMQ_MANAGEMENT_URL"


def operator_environment() -> Mapping[str, str]:
    """The environment when it names the servers; else the settings that the run of this checkout uses.

    Raises stackfile.NotRunning when neither is there.
    """
    from ops.folders import RUN
    from ops.stackfile import read_operators

    return os.environ if NAMED_BY in os.environ else read_operators(RUN)
