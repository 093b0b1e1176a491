"""A local Google Drive for the real google-api-python-client: a tree of files, its change log, and its faults.

`with DriveServer() as drive:` then `folder = drive.folder("CVs")`, `drive.file("a.pdf", b"…", folder)`, and
`drive.service_account()` is a token for it. Changes after that (`trash`, `move`, `replace`, …) enter the change log as
Drive enters them: the item itself, once, with its latest state; never the children of a folder.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.servers.http import LocalServer, Reply, Request, as_json, html

__all__ = ["FOLDER", "DriveServer", "Reply", "as_json", "error", "html"]

FOLDER = "application/vnd.google-apps.folder"
DOC = "application/vnd.google-apps.document"
SHORTCUT = "application/vnd.google-apps.shortcut"
ROOT = "my-drive-root"


@dataclass
class Item:
    id: str
    name: str
    mime: str
    parents: list[str]
    content: bytes = b""
    version: int = 1
    trashed: bool = False
    unshared: bool = False
    drive_id: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def error(status: int, reason: str, message: str = "refused", headers: dict[str, str] | None = None) -> Reply:
    detail = {"domain": "usageLimits", "reason": reason, "message": message}
    return as_json({"error": {"code": status, "message": message, "errors": [detail]}}, status, headers)


class DriveServer(LocalServer):
    """The parts of Drive's v3 API and of the token endpoint that the adapter speaks to."""

    def __init__(self) -> None:
        super().__init__(self._respond)
        self.items: dict[str, Item] = {}
        self.log: list[tuple[int, str]] = []  # (place, id): each item once, at its latest change
        self.most_per_page = 1000
        self.oldest_change = 0  # page tokens below are refused…
        self.refusal = 410  # …with this status
        self.exports = 0
        self._faults: deque[tuple[str, Reply]] = deque()
        self._made = 0
        self._place = 0

    # ------------------------------------------------------------------------------------------ what people do

    def folder(self, name: str, parent: str = ROOT, drive_id: str | None = None) -> str:
        return self._add(Item(self._new_id(), name, FOLDER, [parent], drive_id=drive_id))

    def file(self, name: str, content: bytes, parent: str, mime: str = "application/pdf") -> str:
        return self._add(Item(self._new_id(), name, mime, [parent], content, drive_id=self._drive_of(parent)))

    def doc(self, name: str, text: bytes, parent: str) -> str:
        return self._add(Item(self._new_id(), name, DOC, [parent], text, drive_id=self._drive_of(parent)))

    def shortcut(self, name: str, target: str, parent: str) -> str:
        details = {"shortcutDetails": {"targetId": target, "targetMimeType": self.items[target].mime}}
        return self._add(Item(self._new_id(), name, SHORTCUT, [parent], extra=details))

    def change(self, file_id: str, **values: Any) -> None:
        """Any change of an item: trashed=True, unshared=True, name="…", parents=["…"], content=b"…"."""
        item = self.items[file_id]
        for name, value in values.items():
            setattr(item, name, value)
        item.version += 1
        self._place += 1
        self.log = [*(entry for entry in self.log if entry[1] != file_id), (self._place, file_id)]

    def delete(self, file_id: str) -> None:
        self.change(file_id, unshared=True)

    def fail(self, path: str, *replies: Reply) -> None:
        """The next requests whose path ends with `path` get these answers instead."""
        self._faults.extend((path, reply) for reply in replies)

    # ------------------------------------------------------------------------------------------ tokens

    def service_account(self) -> str:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return json.dumps(
            {
                "type": "service_account",
                "client_email": "robot@project.iam.example",
                "private_key_id": "1",
                "private_key": pem.decode(),
                "token_uri": f"{self.url}/token",
            }
        )

    def authorised_user(self) -> str:
        return json.dumps(
            {
                "type": "authorized_user",
                "client_id": "client",
                "client_secret": "secret",
                "refresh_token": "refresh",
                "token_uri": f"{self.url}/token",
            }
        )

    # ------------------------------------------------------------------------------------------ the wire

    def _respond(self, request: Request) -> Reply:
        for fault in list(self._faults):
            if request.path.endswith(fault[0]):
                self._faults.remove(fault)
                return fault[1]
        if request.path == "/token":
            return self._token(request)
        if request.headers.get("authorization") != "Bearer local-token":
            return error(401, "authError", "Invalid Credentials")
        routes: list[tuple[str, Callable[..., Reply]]] = [
            (r"/drive/v3/files", self._list),
            (r"/drive/v3/files/([^/]+)", self._get),
            (r"/drive/v3/files/([^/]+)/export", self._export),
            (r"/drive/v3/changes", self._changes),
            (r"/drive/v3/changes/startPageToken", self._start),
        ]
        for pattern, answer in routes:
            if found := re.fullmatch(pattern, request.path):
                return answer(request, *found.groups())
        return error(404, "notFound", request.path)

    def _token(self, request: Request) -> Reply:
        known = {"urn:ietf:params:oauth:grant-type:jwt-bearer": "assertion", "refresh_token": "refresh_token"}
        proof = known.get(request.form.get("grant_type", ""))
        if proof is None or not request.form.get(proof):
            return as_json({"error": "invalid_grant", "error_description": "Bad Request"}, 400)
        return as_json({"access_token": "local-token", "expires_in": 3600, "token_type": "Bearer"})

    def _get(self, request: Request, file_id: str) -> Reply:
        item = self.items.get(file_id)
        if item is None or not self._visible(item, request):
            return error(404, "notFound", f"File not found: {file_id}.")
        if request.query.get("alt") != "media":
            return as_json(self._resource(item))
        if item.mime.startswith("application/vnd.google-apps"):
            return error(403, "fileNotDownloadable", "Use Export with Docs Editors files.")
        return self._bytes(request, item.content)

    def _export(self, request: Request, file_id: str) -> Reply:
        item = self.items.get(file_id)
        if item is None or not self._visible(item, request, all_drives=True):
            return error(404, "notFound", f"File not found: {file_id}.")
        self.exports += 1  # no two exports have the same bytes
        body = b"%PDF-1.4\n" + item.content + f"\n% export {self.exports}\n".encode()
        return Reply(200, body, request.query["mimeType"])

    @staticmethod
    def _bytes(request: Request, content: bytes) -> Reply:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("range", ""))
        if not wanted:
            return Reply(200, content, "application/octet-stream")
        first, last = int(wanted[1]), min(int(wanted[2]), len(content) - 1)
        if first >= len(content):
            return Reply(416, b"", headers={"Content-Range": f"bytes */{len(content)}"})
        span = {"Content-Range": f"bytes {first}-{last}/{len(content)}"}
        return Reply(206, content[first : last + 1], "application/octet-stream", span)

    def _list(self, request: Request) -> Reply:
        parents = re.findall(r"'([^']+)' in parents", request.query["q"])
        if any(p not in self.items or not self._visible(self.items[p], request) for p in parents):
            return error(404, "notFound", "File not found: .")
        found = [
            item
            for item in self.items.values()
            if set(item.parents) & set(parents) and self._visible(item, request) and not self._in_trash(item)
        ]
        found = [item for item in found if item.drive_id is None or request.query.get("corpora") == "drive"]
        first = int(request.query.get("pageToken", 0))
        last = first + min(self.most_per_page, int(request.query.get("pageSize", 100)))
        body: dict[str, Any] = {"files": [self._resource(item) for item in found[first:last]]}
        if last < len(found):
            body["nextPageToken"] = str(last)
        return as_json(body)

    def _start(self, request: Request) -> Reply:
        return as_json({"startPageToken": str(self._place + 1)})

    def _changes(self, request: Request) -> Reply:
        first = int(request.query["pageToken"])
        if first < self.oldest_change:
            return error(self.refusal, "invalid", "Invalid Value: pageToken")
        after = [(at, i) for at, i in self.log if at >= first and self._logged(self.items[i], request)]
        shown = after[: self.most_per_page]
        body: dict[str, Any] = {"changes": [self._change(self.items[i], request) for _, i in shown]}
        if len(after) > len(shown):
            body["nextPageToken"] = str(shown[-1][0] + 1)
        else:
            body["newStartPageToken"] = str(self._place + 1)
        return as_json(body)

    # ------------------------------------------------------------------------------------------ the state

    def _add(self, item: Item) -> str:
        self.items[item.id] = item
        self.change(item.id)
        return item.id

    def _new_id(self) -> str:
        self._made += 1
        return f"id{self._made:04d}"

    def _drive_of(self, parent: str) -> str | None:
        return self.items[parent].drive_id if parent in self.items else None

    def _ancestors(self, item: Item) -> list[Item]:
        found = [self.items[p] for p in item.parents if p in self.items]
        return [item, *(a for parent in found for a in self._ancestors(parent))]

    def _in_trash(self, item: Item) -> bool:
        return any(ancestor.trashed for ancestor in self._ancestors(item))

    def _visible(self, item: Item, request: Request, *, all_drives: bool = False) -> bool:
        if item.drive_id and not all_drives and request.query.get("supportsAllDrives") != "true":
            return False
        return not any(ancestor.unshared for ancestor in self._ancestors(item))

    def _logged(self, item: Item, request: Request) -> bool:
        asked = request.query.get("driveId")
        return item.drive_id == asked and (asked is None or request.query.get("includeItemsFromAllDrives") == "true")

    def _change(self, item: Item, request: Request) -> dict[str, Any]:
        change: dict[str, Any] = {"changeType": "file", "fileId": item.id, "removed": False}
        if not self._visible(item, request):
            return change | {"removed": True}
        return change | {"file": self._resource(item)}

    def _resource(self, item: Item) -> dict[str, Any]:
        resource = {
            "id": item.id,
            "name": item.name,
            "mimeType": item.mime,
            "parents": item.parents,
            "trashed": self._in_trash(item),
            "version": str(item.version),
            "modifiedTime": "2026-03-01T10:00:00.000Z",
            **item.extra,
        }
        if item.drive_id:
            resource["driveId"] = item.drive_id
        if not item.mime.startswith("application/vnd.google-apps"):
            resource["size"] = str(len(item.content))
            resource["md5Checksum"] = hashlib.md5(item.content, usedforsecurity=False).hexdigest()
        return resource
