"""Drive's files as CVs: which of them count, and how far a listing has come. Pure; knows nothing of Google's client."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field, ValidationError

from cvmatcher.domain import SourceFile, StaleCursor, Value

FOLDER = "application/vnd.google-apps.folder"
DOC = "application/vnd.google-apps.document"
FIELDS = "id,name,mimeType,size,md5Checksum,version,modifiedTime,trashed,parents"
PDF = "application/pdf"
MIMES = frozenset(
    {
        PDF,
        DOC,
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/msword",
        "application/vnd.oasis.opendocument.text",
        "application/rtf",
        "text/rtf",
        "text/plain",
        "text/markdown",
        "image/png",
        "image/jpeg",
        "image/tiff",
        "image/webp",
        "image/bmp",
    }
)
UNTYPED = "application/octet-stream"  # what some uploaders say of everything

Resource = Mapping[str, Any]


class Position(Value):
    """A cursor: where a listing stands. Kept as JSON; the folders are what makes a change ours or not."""

    log: str  # page token of Drive's change log; taken before the listing began, so that nothing falls between
    drive_id: str | None = None  # the shared drive the folder lies in
    folders: dict[str, str] = Field(default_factory=dict)  # every folder of the tree: id -> path, for people
    now: tuple[str, ...] = ()  # folders being listed together
    page: str | None = None  # page token within them
    queue: tuple[str, ...] = ()  # folders to be listed after them
    full: bool = False  # they belong to a complete listing
    log_goes_on: bool = False  # the change log has another page

    @classmethod
    def parse(cls, cursor: str) -> Position:
        """Raises StaleCursor for what another version wrote."""
        try:
            return cls.model_validate_json(cursor)
        except ValidationError as error:
            raise StaleCursor("the cursor is not one of this version") from error

    def with_folder(self, folder: Resource) -> Position:
        """A folder found in the tree: its content is still to be listed."""
        if folder["id"] in self.folders:
            return self
        path = f"{self._path_of(folder)}{folder['name']}/"
        return self.model_copy(
            update={"folders": {**self.folders, folder["id"]: path}, "queue": (*self.queue, folder["id"])}
        )

    def holds(self, resource: Resource) -> bool:
        """Whether the item lies in one of the tree's folders."""
        return any(parent in self.folders for parent in resource.get("parents", ()))

    def file(self, source: str, resource: Resource) -> SourceFile | None:
        """The file as a source lists it; None when it is no kind of file that may be a CV (a shortcut, a sheet…)."""
        name, mime = resource["name"], resource["mimeType"]
        if mime not in MIMES and not (mime == UNTYPED and name.lower().endswith(".pdf")):
            return None
        doc = mime == DOC  # fetched as PDF; an export's bytes vary, so that neither size nor md5 say anything
        return SourceFile(
            source=source,
            file_id=resource["id"],
            name=f"{name}.pdf" if doc and not name.lower().endswith(".pdf") else name,
            path=f"{self._path_of(resource)}{name}",
            mime=PDF if doc or mime == UNTYPED else mime,
            size=None if doc else int(resource["size"]),
            # Drive's `version` also counts changes that touch no content; the md5 does not
            version=str(resource["version"]) if doc else resource["md5Checksum"],
            md5=None if doc else resource["md5Checksum"],
            modified=datetime.fromisoformat(resource["modifiedTime"]) if "modifiedTime" in resource else None,
        )

    def _path_of(self, resource: Resource) -> str:
        return next((self.folders[p] for p in resource.get("parents", ()) if p in self.folders), "")
