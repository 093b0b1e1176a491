"""Settings, .env.example and the README's table say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from cvmatcher.settings import Settings

ROOT = Path(__file__).parent.parent
NAMES = [name.upper() for name in Settings.model_fields]


def test_env_example_lists_every_setting() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    keys = [found.group(1) for line in lines if (found := re.match(r"#?\s?([A-Z][A-Z_]+)=", line))]
    assert sorted(keys) == sorted(NAMES)


def test_readme_table_lists_every_setting_with_its_meaning() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| [^|]* \| ([^|]*) \|$", readme, re.MULTILINE))
    assert rows == {name.upper(): field.description for name, field in Settings.model_fields.items()}


def test_a_short_secret_key_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "short")
    with pytest.raises(ValidationError, match="at least 32 characters"):
        Settings()


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "")
    assert Settings().gemini_api_key is None
