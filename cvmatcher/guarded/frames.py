"""How the guard and its child talk: a frame is two 32-bit lengths, then JSON, then bytes. Nothing but framing."""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

HEAD = struct.Struct(">II")  # length of the JSON, length of the bytes


def pack(value: Any, blob: bytes = b"") -> bytes:
    text = json.dumps(value).encode()
    return HEAD.pack(len(text), len(blob)) + text + blob


def read(stream: BinaryIO) -> tuple[Any, bytes] | None:
    """The next frame, or None when the other end has closed."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    json_length, blob_length = HEAD.unpack(head)
    return json.loads(stream.read(json_length)), stream.read(blob_length)
