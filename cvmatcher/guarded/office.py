"""What LibreOffice reads (.doc, .odt, .rtf) -> PDF. Runs inside the guarded child only, where LibreOffice is installed.

Each run has a profile of its own, thrown away afterwards: macros and links of one document never meet another's.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from cvmatcher.domain import QuarantineReason, Unreadable

SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop>
<prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop>
<prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop>
<prop oor:name="DisableActiveContent" oor:op="fuse"><value>true</value></prop>
</item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update">
<prop oor:name="Link" oor:op="fuse"><value>2</value></prop>
</item>
</oor:items>
"""


def installed(data: bytes) -> bool:  # noqa: ARG001 - every guarded function takes bytes
    return shutil.which("soffice") is not None


def to_pdf(data: bytes, *, suffix: str, seconds: float) -> bytes:
    """The document as a PDF. Raises Unreadable. The guard's limits hold for LibreOffice too: it inherits them."""
    with TemporaryDirectory(prefix="cvmatcher-office-") as name:
        folder = Path(name)
        profile = folder / "profile" / "user"
        profile.mkdir(parents=True)
        (profile / "registrymodifications.xcu").write_text(SETTINGS, encoding="utf-8")
        source = folder / f"cv{suffix}"
        source.write_bytes(data)
        command = [
            *("soffice", "--headless", "--norestore", "--nologo", "--nodefault", "--nolockcheck"),
            f"-env:UserInstallation=file://{folder / 'profile'}",
            *("--convert-to", "pdf:writer_pdf_Export", "--outdir", name, str(source)),
        ]
        environment = {**os.environ, "HOME": name}
        try:
            subprocess.run(command, capture_output=True, check=False, timeout=seconds, env=environment)  # noqa: S603 - our own words, no shell
        except subprocess.TimeoutExpired:
            shutil.rmtree(folder, ignore_errors=True)
            os.kill(os.getpid(), signal.SIGXCPU)  # too slow: the guard then ends whatever LibreOffice started, too
        made = folder / "cv.pdf"
        if not made.exists():
            raise Unreadable(QuarantineReason.DAMAGED, "LibreOffice cannot open it")
        return made.read_bytes()
