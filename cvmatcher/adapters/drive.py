"""A Google Drive folder, with its subfolders, as a source of CVs. Read-only.

Listed in full once; after that Drive's change log says what is new, and the folders known say whether it is ours. What
the log cannot tell for certain (a folder left the tree or went to the trash) ends in a complete listing. Google's
client blocks: every call runs in a thread, on a connection that no other call uses meanwhile.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any, TypeVar

import google_auth_httplib2
import httplib2
import stamina
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError, RefreshError
from google.oauth2 import credentials as user_credentials
from google.oauth2 import service_account
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseDownload

from cvmatcher.adapters.drive_files import DOC, FIELDS, FOLDER, PDF, Position, Resource
from cvmatcher.domain import (
    AppError,
    FileGone,
    ListingPage,
    Misconfigured,
    NotAllowed,
    OutOfQuota,
    QuarantineReason,
    SourceFile,
    StaleCursor,
    Unavailable,
    Unreadable,
)

T = TypeVar("T")

SCOPE = "https://www.googleapis.com/auth/drive.readonly"
TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
PAGE = 1000  # the most Drive gives
FOLDERS_AT_ONCE = 20  # in one query
CHUNK = 8 * 1024 * 1024  # bytes of one request of a download
LARGEST = 50 * 1024 * 1024  # bytes of a CV
SOCKET_SECONDS = 20
RATE_REASONS = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded", "quotaExceeded"})


class DriveSource:
    """CVSource over one folder of Drive, of My Drive or of a shared drive.

    `token_json`: a service account's key or an authorised user's token. Raises Misconfigured when it is neither.
    """

    def __init__(
        self,
        name: str,
        token_json: str,
        folder_id: str,
        *,
        base_url: str | None = None,
        backoff: float = 1.0,
        tries: int = 6,
    ) -> None:
        self.name, self.folder_id = name, folder_id
        self._credentials, self._who = _credentials(token_json)
        self._backoff, self._tries = backoff, tries
        self._idle: list[google_auth_httplib2.AuthorizedHttp] = []
        options = {"api_endpoint": f"{base_url.rstrip('/')}/drive/v3/"} if base_url else None
        # never used to send: each request is executed on a connection of its own
        unused = httplib2.Http()
        self._drive: Any = build("drive", "v3", http=unused, static_discovery=True, client_options=options)

    async def changes(self, cursor: str | None) -> ListingPage:
        """Raises Unavailable, StaleCursor, or NotAllowed (the folder or the token is refused)."""
        position = await self._begin() if cursor is None else Position.parse(cursor)
        if position.now or position.queue:
            return await self._list_folders(position)
        return await self._read_log(position)

    async def fetch(self, file_id: str) -> bytes:
        """The bytes, checked against Drive's size and md5; a Google Doc as PDF.

        Raises FileGone, NotAllowed, Unavailable, Unreadable (too large).
        """
        return await self._ask(lambda: self._download(file_id), seconds=40)

    async def check(self) -> None:
        """Whether the folder can be listed, for a page that says so. Raises what `changes` raises."""
        await self._begin()

    def close(self) -> None:
        """Closes the connections that are idle."""
        while self._idle:
            self._idle.pop().close()

    # ----------------------------------------------------------------------------------------------------- listing

    async def _begin(self) -> Position:
        """The start of a complete listing. The log's position is taken first: what changes meanwhile comes twice."""
        fields = "id,name,mimeType,trashed,driveId"
        request = self._drive.files().get(fileId=self.folder_id, fields=fields, supportsAllDrives=True)
        try:
            folder = await self._ask(lambda: self._execute(request))
        except FileGone as error:
            raise NotAllowed(f"Drive shows no folder {self.folder_id}: share it with {self._who}") from error
        if folder["mimeType"] != FOLDER or folder.get("trashed"):
            raise NotAllowed(f"{self.folder_id} is no folder, or in the trash: check GOOGLE_DRIVE_FOLDER_ID")
        drive_id = folder.get("driveId")
        start = self._drive.changes().getStartPageToken(supportsAllDrives=True, **_drive(drive_id))
        log = (await self._ask(lambda: self._execute(start)))["startPageToken"]
        return Position(log=log, drive_id=drive_id, folders={self.folder_id: ""}, queue=(self.folder_id,), full=True)

    async def _list_folders(self, position: Position) -> ListingPage:
        """One page of the files of a few folders; the folders found among them are queued."""
        listed, queue = (position.now, position.queue) if position.now else _next_folders(position.queue)
        try:
            answer = await self._list(listed, position)
        except FileGone:  # a folder has gone since it was seen: ask one by one, and leave it out
            if len(listed) > 1:
                listed, queue = listed[:1], (*listed[1:], *queue)
                return await self._list_folders(position.model_copy(update={"now": listed, "queue": queue}))
            answer = {"files": []}
        page = answer.get("nextPageToken")
        position = position.model_copy(update={"now": listed if page else (), "queue": queue, "page": page})
        files = []
        for resource in answer["files"]:
            if resource["mimeType"] == FOLDER:
                position = position.with_folder(resource)
            elif file := position.file(self.name, resource):
                files.append(file)
        return self._page(position, files)

    async def _list(self, folders: tuple[str, ...], position: Position) -> Resource:
        parents = " or ".join(f"'{folder}' in parents" for folder in folders)
        corpora = {"corpora": "drive", "driveId": position.drive_id} if position.drive_id else {"corpora": "user"}
        request = self._drive.files().list(
            q=f"({parents}) and trashed = false",
            fields=f"nextPageToken,files({FIELDS})",
            pageSize=PAGE,
            pageToken=position.page,
            supportsAllDrives=True,
            includeItemsFromAllDrives=True,
            **corpora,
        )
        answer: Resource = await self._ask(lambda: self._execute(request, of_page=position.page is not None))
        return answer

    async def _read_log(self, position: Position) -> ListingPage:
        """One page of the change log."""
        request = self._drive.changes().list(
            pageToken=position.log,
            fields=f"nextPageToken,newStartPageToken,changes(changeType,removed,fileId,driveId,file({FIELDS}))",
            pageSize=PAGE,
            supportsAllDrives=True,
            includeItemsFromAllDrives=True,
            **_drive(position.drive_id),
        )
        answer = await self._ask(lambda: self._execute(request, of_page=True))
        following = answer.get("nextPageToken")
        position = position.model_copy(
            update={"log": following or answer["newStartPageToken"], "log_goes_on": following is not None}
        )
        changes = [change for change in answer.get("changes", ()) if change.get("changeType") == "file"]
        for change in changes:  # folders first: a file may have come with its folder, in either order
            position = self._folder_changed(position, change)
        files, gone = [], []
        for change in changes:
            resource = change.get("file")
            there = resource and not change.get("removed") and not resource.get("trashed") and position.holds(resource)
            if there and (file := position.file(self.name, resource)):
                files.append(file)
            elif change["fileId"] not in position.folders:
                gone.append(change["fileId"])
        return self._page(position, files, gone)

    def _folder_changed(self, position: Position, change: Resource) -> Position:
        """The position with a folder that came into the tree. Raises StaleCursor when one left it or was renamed."""
        resource = change.get("file") or {}
        away = change.get("removed") or resource.get("trashed")
        if change["fileId"] in position.folders:
            stays = change["fileId"] == self.folder_id or position.holds(resource)
            if away or not stays:
                raise StaleCursor("a folder left the tree: its files can only be told by a complete listing")
        elif not away and resource.get("mimeType") == FOLDER and position.holds(resource):
            return position.with_folder(resource)
        return position

    def _page(self, position: Position, files: list[SourceFile], gone: list[str] | None = None) -> ListingPage:
        queued = bool(position.now or position.queue)
        full = position.full
        if not queued:
            position = position.model_copy(update={"full": False})
        return ListingPage(
            files=tuple(files),
            gone=tuple(gone or ()),
            cursor=position.model_dump_json(exclude_defaults=True),
            more=queued or position.log_goes_on,
            full=full,
        )

    # ----------------------------------------------------------------------------------------------------- one file

    def _download(self, file_id: str) -> bytes:
        """In a thread. Everything is asked anew at each try: the file may have been replaced in between."""
        files = self._drive.files()
        resource = self._execute(files.get(fileId=file_id, fields=FIELDS, supportsAllDrives=True))
        if resource.get("trashed"):
            raise FileGone(file_id)
        if int(resource.get("size", 0)) > LARGEST:
            raise Unreadable(QuarantineReason.TOO_LARGE)
        if resource["mimeType"] == DOC:
            return self._read(files.export_media(fileId=file_id, mimeType=PDF))
        data = self._read(files.get_media(fileId=file_id, supportsAllDrives=True))
        expected = resource.get("md5Checksum")
        if expected and hashlib.md5(data, usedforsecurity=False).hexdigest() != expected:
            raise Unavailable(f"{len(data)} bytes came, with another md5 than Drive says", again=True)
        return data

    def _read(self, request: Any) -> bytes:
        content = io.BytesIO()
        with self._connection() as request.http:
            download = MediaIoBaseDownload(content, request, chunksize=CHUNK)
            done = False
            while not done:
                _, done = _translated(download.next_chunk)
                if content.tell() > LARGEST:
                    raise Unreadable(QuarantineReason.TOO_LARGE)
        return content.getvalue()

    # ----------------------------------------------------------------------------------------------------- asking

    async def _ask(self, ask: Callable[[], T], seconds: float = 25) -> T:
        """Runs `ask` in a thread, again and again with truncated exponential backoff while it may pass."""
        tries = stamina.retry_context(
            on=lambda error: _worth_waiting(error, seconds),
            attempts=self._tries,
            timeout=seconds,
            wait_initial=self._backoff,
            wait_jitter=self._backoff,
            wait_max=16 * self._backoff,
        )
        try:
            async with asyncio.timeout(seconds):
                async for attempt in tries:
                    with attempt:
                        answer = await asyncio.to_thread(ask)
        except TimeoutError as error:
            raise Unavailable(f"Drive did not answer within {seconds:g} s") from error
        return answer

    def _execute(self, request: Any, *, of_page: bool = False) -> Any:
        """In a thread. `of_page`: a refusal is about the page token."""
        with self._connection() as http:
            answer = _translated(lambda: request.execute(http=http), of_page=of_page)
        if not isinstance(answer, dict):
            raise Unavailable("something that is not Drive answered", again=True)
        return answer

    @contextmanager
    def _connection(self) -> Iterator[google_auth_httplib2.AuthorizedHttp]:
        """One that is idle, or a new one. (A list's pop and append are atomic.)"""
        try:
            connection = self._idle.pop()
        except IndexError:
            http = httplib2.Http(timeout=SOCKET_SECONDS)
            connection = google_auth_httplib2.AuthorizedHttp(self._credentials, http=http)
        try:
            yield connection
        except BaseException:
            connection.close()  # half an answer may still be on it
            raise
        self._idle.append(connection)


def _translated(call: Callable[[], T], *, of_page: bool = False) -> T:
    try:
        return call()
    except HttpError as error:
        raise _translate(error, of_page=of_page) from error
    except RefreshError as error:
        if error.retryable:
            raise Unavailable("Google's token server does not answer", again=True) from error
        raise NotAllowed("Google refuses the token: check GOOGLE_TOKEN_JSON") from error
    except (GoogleAuthError, httplib2.HttpLib2Error, HTTPException, OSError) as error:
        raise Unavailable(f"no answer from Drive: {type(error).__name__}", again=True) from error
    except (ValueError, KeyError) as error:  # no JSON, or not Drive's
        raise Unavailable("something that is not Drive answered", again=True) from error


def _drive(drive_id: str | None) -> dict[str, str]:
    """A shared drive has a change log of its own."""
    return {"driveId": drive_id} if drive_id else {}


def _next_folders(queue: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return queue[:FOLDERS_AT_ONCE], queue[FOLDERS_AT_ONCE:]


def _worth_waiting(error: Exception, seconds: float) -> bool | float:
    """Whether to try again, or how long to wait first when Drive said it."""
    if not isinstance(error, Unavailable) or not error.details.get("again"):
        return False
    retry_after = error.details.get("retry_after")
    return True if retry_after is None else retry_after < seconds and float(retry_after)


def _translate(error: HttpError, *, of_page: bool) -> AppError:
    status, reason = int(error.resp.status), _reason(error)
    found: AppError = Unavailable(f"Drive answered {status} {reason}", again=status >= 500 or status == 408)
    if status == 429 or (status == 403 and reason in RATE_REASONS):
        wait = error.resp.get("retry-after", "")
        found = OutOfQuota("Drive's rate limit", again=True, retry_after=float(wait) if wait.isdigit() else None)
    elif status == 403 and reason == "exportSizeLimitExceeded":
        found = Unreadable(QuarantineReason.TOO_LARGE)
    elif status in (401, 403):
        found = NotAllowed(f"Drive refuses: {reason or status}")
    elif of_page and status in (400, 404, 410):
        found = StaleCursor(f"Drive no longer knows the page: {status}")
    elif status == 404:
        found = FileGone("Drive no longer shows it")
    return found


def _reason(error: HttpError) -> str:
    """The first `reason` of Drive's error body."""
    try:
        errors = json.loads(error.content)["error"]["errors"]
        return str(errors[0]["reason"])
    except (ValueError, KeyError, IndexError, TypeError):
        return ""


def _credentials(token_json: str) -> tuple[Credentials, str]:
    """The credentials and the address to share the folder with. Raises Misconfigured."""
    try:
        info = json.loads(token_json)
        if info.get("type") == "service_account":
            robot = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
                info, scopes=[SCOPE]
            )
            return robot, str(robot.service_account_email)
        if "refresh_token" not in info:
            raise Misconfigured(
                "GOOGLE_TOKEN_JSON is neither a service account's key nor an authorised user's token "
                '(one line of JSON with "type": "service_account", or with "refresh_token")'
            )
        # without scopes: a refresh grants what the user granted, and asking for less is refused
        user = user_credentials.Credentials(  # type: ignore[no-untyped-call]
            token=None,
            refresh_token=info["refresh_token"],
            client_id=info["client_id"],
            client_secret=info["client_secret"],
            token_uri=info.get("token_uri") or TOKEN_URI,
        )
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        said = type(error).__name__ if isinstance(error, json.JSONDecodeError) else str(error)
        raise Misconfigured(f"GOOGLE_TOKEN_JSON cannot be used: {said}") from None
    return user, "the user who made GOOGLE_TOKEN_JSON"
