"""Every knob, with its unit and meaning. Only composition roots read this; everyone else receives values."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import quote

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.database_urls import database_url_of
from app.loopback import is_loopback
from app.origins import origin_of
from app.proxies import network_of
from app.rates import Rate
from app.shipped import shipped
from app.store_urls import store_url_of
from app.webhook_secrets import secrets_of

REPOSITORY = Path(__file__).resolve().parent.parent

# What reads a setting that may be left empty, and says what is wrong with it.
FORMS = {"database_url": database_url_of, "store_url": store_url_of, "rate_per_address": Rate.of}
_NAME = re.compile(r"(?!-)[\w-]{1,63}(\.[\w-]{1,63})*\.?")


class Settings(BaseSettings):
    """Read from environment variables `DENSELY_<NAME>`; frozen once read."""

    model_config = SettingsConfigDict(
        env_prefix="DENSELY_", frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    host: str = Field("127.0.0.1", description="address the API listens on; other than loopback needs API keys")
    port: int = Field(8000, ge=1, le=65535, description="TCP port the API listens on")
    root_path: str = Field(
        "",
        pattern=r"^(/[A-Za-z0-9._~-]+)*$",
        description="path below which a proxy offers Densely, as `/ml/densely`, passed on or taken off",
    )
    api_keys: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="comma-separated keys, 16 characters or more each; when set, every call but `/health/*`, the page "
        "and the documentation needs one",
    )
    require_keys: bool = Field(
        False,
        description="whether calls need a key of the database (`densely keys create`) though `DENSELY_API_KEYS` has "
        "none; once there is one they do in any case",
    )
    rate_per_address: str = Field(
        "", description="most requests of an address, as 100/s or 5000/10m; empty: as many as it likes"
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="comma-separated addresses of proxies, or networks as 10.0.0.0/8, whose `X-Forwarded-For` is "
        "believed; loopback has to be named as well",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="comma-separated origins whose web pages may call the service from a browser, exact as "
        "`https://app.example.org` or with all names below one as `https://*.example.org`",
    )
    home: Path = Field(Path(".densely"), description="folder of the database, dataset cache and checkpoints")
    database_url: str = Field(
        "", description="`postgresql://user@host/name` or `sqlite:///file`; empty: `densely.db` under the home"
    )
    models_dir: Path = Field(Path("models_store"), description="folder of the bundled and published artifacts")
    datasets_dir: Path | None = Field(None, description="folder of the Parquet files; unset: `datasets` under the home")
    uploads_dir: Path | None = Field(
        None, description="folder of the rows that were uploaded; unset: `uploads` under the home"
    )
    store_url: str = Field(
        "",
        description="object store of models and uploaded rows, as `s3://bucket/prefix`, `gs://…`, `az://…` or "
        "`file:///folder`; empty: the folders above alone",
    )
    store_cache_mib: int = Field(
        10_240,
        ge=1,
        description="most disk space for what of the object store is kept in the folders above, MiB; more while it is "
        "in use",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is logged")
    max_body_mib: int = Field(
        32,
        ge=1,
        le=1024,
        description="largest body of `/predict` and `/tasks/{task}/encode`, MiB; of others but uploads at most 1",
    )
    max_upload_mib: int = Field(
        2048, ge=1, le=2**20, description="largest file that `POST /datasets` and `POST /tasks` take, unpacked, MiB"
    )
    max_uploads: int = Field(
        8, ge=1, le=256, description="most uploads under way in an API process; further ones are refused with 503"
    )
    max_reading_seconds: float = Field(
        3600,
        gt=0,
        le=86_400,
        description="longest time that reading an upload may take once it is here, seconds",
    )
    max_tasks: int = Field(1_000, ge=0, le=100_000, description="most tasks of the user's own")
    max_rows: int = Field(10_000_000, ge=2, description="most rows of an uploaded dataset")
    max_columns: int = Field(1_000, ge=2, le=1_000, description="most columns of an uploaded file")
    max_labels: int = Field(10_000, ge=2, le=10_000, description="most labels of a task of the user's own")
    max_body_seconds: float = Field(
        120,
        gt=0,
        le=3600,
        description="longest time that a request's body may take to arrive, or that a client may send nothing of an "
        "upload or take nothing of its answer, seconds",
    )
    head_seconds: float = Field(
        20, gt=0, le=3600, description="longest time that a request's head may take to arrive, seconds"
    )
    keep_alive_seconds: float = Field(
        75,
        gt=0,
        le=3600,
        description="longest time that a connection may be idle between two requests, seconds; more than a balancer's",
    )
    start_seconds: float = Field(
        0,
        ge=0,
        le=3600,
        description="how long `densely serve` and `densely worker` wait at their start for the database and its "
        "migration, seconds",
    )
    drain_seconds: float = Field(
        0,
        ge=0,
        le=3600,
        description="how long an API process goes on answering after SIGTERM, while it says that it is not ready, "
        "seconds; more than a balancer keeps idle connections",
    )
    max_connections: int = Field(
        1_000,
        ge=1,
        description="most connections to an API process; for further ones idle ones are closed, else they are refused "
        "with 503",
    )
    workers: int = Field(1, ge=1, le=64, description="API processes, which share the port; each has its own memory")
    max_inflight: int = Field(
        256, ge=1, description="most `/predict` requests under way in a process; further ones are refused with 503"
    )
    active_poll_seconds: float = Field(
        0.5, gt=0, le=60, description="how often an API process asks which models are active, seconds"
    )
    max_predictors: int = Field(16, ge=1, le=1024, description="predictors kept in memory besides the active ones")
    poll_seconds: float = Field(0.2, gt=0, le=60, description="how often an idle worker looks for a run, seconds")
    heartbeat_seconds: float = Field(2.0, gt=0, le=60, description="how often a worker renews its lease, seconds")
    lease_seconds: float = Field(
        10.0, gt=0, le=3600, description="a run whose lease is not renewed so long is free, seconds"
    )
    max_queued_runs: int = Field(1_000, ge=1, description="most runs that may wait; further ones are refused with 429")
    max_sweeps: int = Field(20, ge=1, description="most sweeps that may be running; further ones are refused with 429")
    idempotency_hours: float = Field(
        24, gt=0, le=8_760, description="how long an `Idempotency-Key` stands for the run that it queued, hours"
    )
    max_queued_runs_per_key: int = Field(1_000, ge=1, description="most runs of an API key that may wait")
    max_models_per_key: int = Field(10_000, ge=1, description="most models that runs of an API key have left")
    max_datasets_per_key: int = Field(1_000, ge=1, description="most versions of datasets that an API key has brought")
    max_dataset_mib_per_key: int = Field(
        102_400, ge=1, description="most disk space of the datasets that an API key has brought, MiB"
    )
    max_attempts: int = Field(3, ge=1, le=100, description="how often a run is tried when its worker or trainer dies")
    run_time_limit_seconds: float = Field(3600, gt=0, description="longest time that one attempt may take, seconds")
    run_memory_limit_mib: int = Field(8192, ge=256, description="most resident memory that a trainer may use, MiB")
    checkpoint_seconds: float = Field(
        5.0, ge=0, description="least time between two checkpoints of a run, seconds; runs shorter than it write none"
    )
    encoded_cache_mib: int = Field(
        2048, ge=0, description="most disk space for encoded datasets under the home, MiB; 0 keeps none"
    )
    webhook_secret: str = Field(
        "",
        repr=False,
        description="signs webhooks: `whsec_` and base64, or 16 characters or more; while one replaces another both, "
        "with a comma; without it runs cannot have a webhook",
    )
    webhooks_to_private: bool = Field(
        False, description="whether webhooks may go to private, loopback and link-local addresses"
    )
    warm_trainer: bool = Field(True, description="whether a worker keeps a trainer ready with TensorFlow imported")
    trainers: int | None = Field(
        None,
        ge=1,
        le=64,
        description="runs that a worker trains side by side; unset: one for every two cores and 2 GiB of memory",
    )

    devices: Literal["1", "auto", "all"] = Field(
        "1",
        description="graphics processors that share each batch of a run: the first one, all of them for large steps "
        "only (`auto`), or all; sweeps' trials take the first one",
    )
    executor: Literal["process", "ray"] = Field(
        "process", description="what carries runs out: processes of the worker's machine, or a Ray cluster"
    )
    ray_address: str = Field(
        "auto",
        description="the Ray cluster, as `host:port` of its head, `auto`: the one that has a node on this machine",
    )

    @field_validator("api_keys", mode="before")
    @classmethod
    def _split_keys(cls, value: object) -> object:
        return tuple(k.strip() for k in value.split(",") if k.strip()) if isinstance(value, str) else value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        return tuple(origin_of(each) for each in value.split(",") if each.strip()) if isinstance(value, str) else value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        return tuple(network_of(each) for each in value.split(",") if each.strip()) if isinstance(value, str) else value

    @field_validator("webhook_secret")
    @classmethod
    def _secrets(cls, value: str) -> str:
        secrets_of(value)
        return value

    @field_validator(*FORMS)
    @classmethod
    def _form(cls, value: str, info: ValidationInfo) -> str:
        return str(FORMS[info.field_name or ""](value)) if value else value

    @field_validator("ray_address")
    @classmethod
    def _cluster(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if value != "auto" and not (host and "/" not in host and port.isdigit() and 0 < int(port) < 2**16):
            raise ValueError("must be `auto` or host:port, as 10.0.0.1:6379; the worker runs on a node of the cluster")
        return value

    @field_validator("root_path", mode="before")
    @classmethod
    def _without_last_slash(cls, value: object) -> object:
        return value.rstrip("/") if isinstance(value, str) else value

    @field_validator("host")
    @classmethod
    def _bare(cls, value: str) -> str:
        """An address or a name; an IPv6 address as sockets take it, also if it came in brackets."""
        host = value.strip()
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        try:
            ipaddress.ip_address(host)
        except ValueError:
            if not _NAME.fullmatch(host):
                raise ValueError("must be an address or a host name alone; the port is DENSELY_PORT") from None
        return host

    @field_validator("home", "models_dir", "datasets_dir", "uploads_dir")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        try:
            return value.expanduser().absolute() if value else value
        except (RuntimeError, OSError) as error:  # a user without a home; a working directory that is gone
            raise ValueError(f"cannot be resolved: {getattr(error, 'strerror', None) or error}") from error

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if any(len(key) < 16 for key in self.api_keys):
            raise ValueError("DENSELY_API_KEYS: each key needs at least 16 characters")
        if not (self.api_keys or self.require_keys) and not is_loopback(self.host):
            raise ValueError(
                f"DENSELY_HOST={self.host} is reachable from other machines: set DENSELY_API_KEYS, or "
                "DENSELY_REQUIRE_KEYS where `densely keys create` makes them, or listen on 127.0.0.1"
            )
        if self.lease_seconds < 2 * self.heartbeat_seconds:
            raise ValueError("DENSELY_LEASE_SECONDS must be at least twice DENSELY_HEARTBEAT_SECONDS")
        return self

    @property
    def url(self) -> str:
        """The database's SQLAlchemy URL; of a path all that would mean something in a URL is escaped."""
        return self.database_url or f"sqlite:///{quote(str(self.home / 'densely.db'))}"

    @property
    def datasets(self) -> Path:
        """The folder of the Parquet files."""
        return self.datasets_dir or self.home / "datasets"

    @property
    def uploads(self) -> Path:
        """The folder of the rows that were uploaded."""
        return self.uploads_dir or self.home / "uploads"

    @property
    def bundled_models(self) -> Path:
        """The folder of the models that come with Densely."""
        return shipped("models_store")
