"""Every row, in the order of the tables: importing this module fills CASES."""

from __future__ import annotations

from tests.faults import adding, badfiles, changing, kills, serving, stores, vendors

ALL = (kills, stores, vendors, serving, adding, changing, badfiles)
ROWS = (
    kills.KILL,
    kills.BLOCKED,
    kills.RAISES,
    stores.REDIS,
    stores.FORGED,
    stores.MONGO,
    vendors.GEMINI,
    vendors.DRIVE_FAULTS,
    vendors.DRIVE_LIFE,
    vendors.PARTIAL,
    stores.DISK,
    serving.INDEX,
    serving.TWO,
    serving.LEAVES,
    adding.UPLOADS,
    changing.MODEL,
    badfiles.UNREADABLE,
    badfiles.BOMBS,
    badfiles.DOCX,
    badfiles.ACTIVE,
    badfiles.HIDDEN,
    badfiles.MARKUP,
    badfiles.OPERATORS,
    badfiles.TRAVERSAL,
    badfiles.MESSAGES,
    badfiles.CELLS,
    badfiles.NAN,
)
