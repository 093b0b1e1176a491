# ruff: noqa: INP001 - a script beside the files it makes
"""Prints .env.example: every field of Settings with its meaning. `python deploy/env_example.py > .env.example`."""

from __future__ import annotations

import textwrap

from cvmatcher.settings import Settings

HEAD = """\
# Copy to .env and fill in what you need; what stays empty keeps its default.
# Made from cvmatcher/settings.py by `python deploy/env_example.py > .env.example`.
"""


def env_example() -> str:
    """One stretch per setting: its meaning as a comment, then an empty line to fill, or its default commented out."""
    stretches = [HEAD]
    for name, field in Settings.model_fields.items():
        meaning = textwrap.fill(field.description or "", 110, initial_indent="# ", subsequent_indent="# ")
        line = f"# {name.upper()}={field.default}" if field.default not in (None, "") else f"{name.upper()}="
        stretches.append(f"{meaning}\n{line}\n")
    return "\n".join(stretches)


if __name__ == "__main__":
    print(env_example(), end="")  # noqa: T201 - a command line prints
