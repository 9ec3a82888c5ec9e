"""The settings that operators' commands work with: the environment's, or those of the run of this checkout."""

from collections.abc import Mapping

NAMED_BY = "OPS_RABBITMQ_MANAGEMENT_URL"


def operator_environment() -> Mapping[str, str]:
    """The environment, with the files of ESPACE_SECRETS_DIR, when it names the servers; else the settings that the run
    of this checkout uses.

    Raises stackfile.NotRunning when neither is there.
    """
    from ops.folders import RUN
    from ops.secret_files import variables
    from ops.stackfile import read_operators

    named = variables()
    return named if NAMED_BY in named else read_operators(RUN)
