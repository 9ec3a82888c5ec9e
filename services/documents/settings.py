"""Settings of the service documents: `DOCUMENTS_…` in the environment."""

from pydantic import Field

from chassis.settings import ObjectStoreSettings, ServiceSettings, settings_config


class Settings(ServiceSettings, ObjectStoreSettings):
    """Checked at the start of the process."""

    model_config = settings_config("DOCUMENTS_")

    http_port: int = Field(default=8103, ge=1, le=65535, description="port of /healthz")
    hold_until_scanned: bool = Field(
        default=False, description="new files stay pending, and closed, until a scanner clears them"
    )
    clamd_address: str = Field(
        default="",
        pattern=r"^(unix:/.+|[^:/\s]+:[0-9]{1,5})?$",
        description="ClamAV daemon that scans new files, `host:port` or `unix:/path`; without it none is scanned",
    )
    draw_advices: bool = Field(default=True, description="draw up a remittance advice for every payment")
    quota_bytes: int = Field(
        default=20 * 1024**3,
        ge=1,
        description="what all files of one employer may take up; the funder's own always find room",
    )
    sweep_seconds: float = Field(default=600, gt=0, description="pause between two rounds of the sweeper")
