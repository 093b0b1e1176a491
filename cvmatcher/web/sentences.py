"""The sentence of every code that people may meet, in English; the catalogs hold the French.

A code without a sentence would be shown raw: a test walks the enumerations of domain.py.
"""

from __future__ import annotations

from cvmatcher.domain import CriterionKind, EndState, FileState, LanguageLevel, Need, QuarantineReason, VerdictState
from cvmatcher.store.shortlisted import Stage
from cvmatcher.store.shortlists import Access
from cvmatcher.web.catalogs import mark as _

QUARANTINE: dict[str, str] = {
    QuarantineReason.EMPTY_FILE: _("The file is empty (0 bytes). Ask for the CV again."),
    QuarantineReason.UNSUPPORTED_TYPE: _("This type of file cannot be read. Save it as a PDF."),
    QuarantineReason.NOT_A_PDF: _("The name ends in .pdf, but the content is something else. Save it as a PDF again."),
    QuarantineReason.POLYGLOT: _("The file is a PDF and another format at once. For safety it was not opened."),
    QuarantineReason.ENCRYPTED: _("The PDF is protected by a password. Save it without one."),
    QuarantineReason.DAMAGED: _("The PDF is damaged or was cut off. Ask for the CV again."),
    QuarantineReason.NO_PAGES: _("The PDF has no page."),
    QuarantineReason.NO_TEXT: _("The PDF holds pictures only, no text. Ask for a version with text."),
    QuarantineReason.NEEDS_OCR: _(
        "A scan, and no text recognition (tesseract) is installed here. It is read again once it is."
    ),
    QuarantineReason.NEEDS_LIBREOFFICE: _(
        "Needs LibreOffice, which is not installed here. It is read once it is; or save it as a PDF."
    ),
    QuarantineReason.HIDDEN_TEXT_ONLY: _(
        "All of its text is hidden (white, tiny or covered). Look at the CV yourself."
    ),
    QuarantineReason.TOO_LARGE: _("The file is too large for a CV."),
    QuarantineReason.TOO_MANY_PAGES: _("It has too many pages for a CV."),
    QuarantineReason.TOO_MUCH_TEXT: _("It holds far more text than a CV."),
    QuarantineReason.TOO_SLOW: _("Reading it took too long and was ended."),
    QuarantineReason.TOO_MUCH_MEMORY: _("Reading it took too much memory and was ended."),
    QuarantineReason.READER_CRASHED: _("The PDF reader crashed on this file."),
    QuarantineReason.NOT_ALLOWED: _("The source refuses access to this file. Share it with the account of this app."),
    QuarantineReason.NOT_STRUCTURED: _("No profile could be made of its text."),
    QuarantineReason.ERASED: _(
        "This person’s data were erased: the same file is not read again. A newer CV of theirs can be added."
    ),
    QuarantineReason.GAVE_UP: _("It failed several times for passing reasons. Retry it later."),
}

UNREAD: dict[str, str] = {  # why pages of a CV that is searchable could not be read
    QuarantineReason.NEEDS_OCR: _("scan, no text recognition here"),
    QuarantineReason.TOO_SLOW: _("scan, recognising its text took too long"),
}
UNREAD |= {reason: _("scan, recognising its text failed") for reason in QuarantineReason if reason not in UNREAD}

CHART: dict[str, str] = {
    "read": _("searchable"),
    "waiting": _("in progress"),
    "aside": _("set aside"),
    "removed": _("removed"),
}

STAGES: dict[str, str] = {
    "understood": _("question understood"),
    "hits": _("first candidates"),
    "judged": _("first reason"),
    "ordered": _("candidates in order"),
    "ended": _("all done"),
    "fetched": _("fetched from its source"),
    "read": _("read"),
    "structured": _("structured"),
    "embedded": _("vectors computed"),
}

FILE_STATES: dict[str, str] = {
    FileState.SEARCHABLE: _("searchable"),
    FileState.QUARANTINED: _("set aside"),
    FileState.DUPLICATE: _("duplicate"),
    FileState.REMOVED: _("removed"),
    FileState.IN_PROGRESS: _("in progress"),
}

# what a file's receipt says of each step
STEPS: dict[str, str] = {
    "listed": _("found at the source"),
    "uploaded": _("uploaded"),
    "fetched": _("fetched"),
    "read": _("text read"),
    "structured": _("profile made"),
    "embedded": _("made searchable by meaning"),
    "postponed": _("put off until later"),
    "quarantined": _("set aside"),
    "renamed": _("renamed or moved at the source"),
    "replaced": _("replaced at the source"),
    "removed": _("gone from the source, out of the search"),
    "listed again": _("back at the source"),
    "took over": _("stands for the candidate, since the file it doubled is gone"),
    "asked again": _("another try asked for"),
}

VERDICTS: dict[str, str] = {
    VerdictState.MET: _("met"),
    VerdictState.PARTLY: _("partly met"),
    VerdictState.NOT_FOUND: _("not found in the CV"),
    "pending": _("not judged yet"),
    "absent": _("not in the CV, as wished"),
    "present": _("in the CV, though excluded"),
}

KINDS: dict[str, str] = {
    CriterionKind.TITLE: _("Occupation"),
    CriterionKind.SKILL: _("Skill"),
    CriterionKind.YEARS: _("Experience"),
    CriterionKind.PLACE: _("Place"),
    CriterionKind.LANGUAGE: _("Language"),
    CriterionKind.SECTOR: _("Sector"),
    CriterionKind.EMPLOYER: _("Employer"),
    CriterionKind.EDUCATION: _("Education"),
    CriterionKind.TEXT: _("In the CV"),
}

LEVELS: dict[str, str] = {level.value: level.value for level in LanguageLevel} | {"native": _("native")}

ENDS: dict[str, str] = {
    EndState.DONE: _("done"),
    EndState.STOPPED: _("Stopped."),
    EndState.INTERRUPTED: _("The server was restarted in the middle of this search."),
    EndState.FAILED: _("This search failed. It was written to the log; try it again."),
}

ERRORS: dict[str, str] = {
    "error": _("Something went wrong. It was written to the log; try again."),
    "invalid_input": _("This cannot be used as it is."),
    "not_signed_in": _("Please sign in."),
    "temporary_password": _("Choose a password of your own first."),
    "masked": _("Blind mode hides who this is. Unmask the candidate first."),
    "blind": _("Blind mode hides who people are. Switch it off to answer a person's request or to erase someone."),
    "not_allowed": _("Your account is not allowed to do this."),
    "not_found": _("There is nothing at this address, or it was removed."),
    "conflict": _("This is taken or already running."),
    "too_many_tries": _("Too many attempts. Wait a few minutes and try again."),
    "misconfigured": _("A setting is missing. The diagnostic page says which line to write."),
    "unavailable": _("A part of the service does not answer right now. Try again in a moment."),
    "out_of_quota": _("The language model's quota is used up for now. Try again later."),
    "bad_answer": _("The language model gave an answer that cannot be used."),
    "file_gone": _("The file is no longer at its source."),
    "unreadable": _("This file cannot be read."),
    "csrf": _("This page was open for too long. Reload it and try again."),
    "cross_site": _("This request came from another website and was refused."),
    "too_large": _("This is too long."),
    "message_too_long": _(
        "This message is longer than 4,096 bytes, about one page. Keep what counts and send it again."
    ),
    "tray_full": _("Four people can be compared at most. Take one off first."),
    "nobody_selected": _("Nobody is selected. Tick the people first."),
    "method": _("This address does not work that way."),
}

JOB_KINDS: dict[str, str] = {
    "ingest": _("Look for new CVs"),
    "scan": _("Look for new CVs"),
    "sync": _("Full comparison with the sources"),
    "rebuild": _("Rebuild the index"),
}

JOB_STATES: dict[str, str] = {
    "queued": _("waiting"),
    "running": _("running"),
    "done": _("finished"),
    "failed": _("failed"),
    "cancelled": _("cancelled"),
}

NEEDS: dict[str, str] = {
    Need.MUST: _("a must"),
    Need.NICE: _("if possible"),
    Need.MUST_NOT: _("excluded"),
}

ACTS: dict[str, str] = {
    "viewed": _("viewed the profile"),
    "unmasked": _("unmasked"),
    "masked": _("masked again"),
    "blind on": _("turned blind mode on"),
    "blind off": _("turned blind mode off"),
    "opened": _("opened the PDF"),
    "downloaded": _("downloaded the PDF"),
    "exported": _("exported"),
    "same person": _("confirmed another CV of this person"),
    "not the same person": _("said that another CV is someone else’s"),
    "took a word back": _("took a word on another CV back"),
    "compared": _("compared with others"),
    "signed in": _("signed in"),
    "erased": _("erased"),
    "contacted": _("had contact"),
    "liked": _("liked"),
    "no longer liked": _("took the like back"),
    "put on a list": _("put on a list"),
    "taken off a list": _("took off a list"),
    "undone on a list": _("undid a change on a list"),
    "status new": _("set the status: new"),
    "status to_contact": _("set the status: to contact"),
    "status contacted": _("set the status: contacted"),
    "status interview": _("set the status: interview"),
    "status offer": _("set the status: offer"),
    "status hired": _("set the status: hired"),
    "status declined": _("set the status: declined"),
    "uploaded": _("added a CV"),
    "removed upload": _("took an added CV back"),
    "retried": _("had a file read again"),
    "allowed uploads": _("allowed adding CVs"),
    "refused uploads": _("no longer allowed adding CVs"),
    "changed preferences": _("changed the rules"),
    "changed password": _("changed the password"),
    "made a token": _("made a token"),
    "added user": _("added an account"),
    "reset password": _("made a new password for an account"),
    "disabled user": _("disabled an account"),
    "allowed export": _("allowed exports"),
    "forbade export": _("forbade exports"),
    "enabled user": _("enabled an account"),
    "started ingest": _("started a look for new CVs"),
    "started sync": _("started a full comparison"),
    "started rebuild": _("started a rebuild of the index"),
    "cancelled job": _("cancelled a job"),
    "confirmed removals": _("confirmed that files are gone"),
    "switched model": _("let another embedding model answer"),
    "discarded model": _("discarded an embedding model"),
}

PLACES: dict[str, str] = {
    "CVExtractionCollection": _("CV and profile"),
    "faiss_index": _("vectors"),
    "seen_cvs": _("files"),
    "conversations": _("titles of conversations"),
    "turns": _("questions"),
    "turn_events": _("lines of kept results"),
    "decisions": _("decisions"),
    "likes": _("shortlists and notes"),
    "shortlist_entries": _("shortlists and notes"),
    "comparisons": _("comparisons"),
    "saved_searches": _("saved searches"),
    "contacts": _("noted contacts"),
    "unmasked": _("who asked to see the name"),
    "listing_pages": _("lists of files"),
    "shortlists": _("shortlists and notes"),
    "same_person": _("links to other CVs"),
    "originals": _("documents of the original CVmatcher"),
    "other": _("other records"),
}

PROGRESS: dict[str, str] = {
    Stage.NEW: _("New"),
    Stage.TO_CONTACT: _("To contact"),
    Stage.CONTACTED: _("Contacted"),
    Stage.INTERVIEW: _("Interview"),
    Stage.OFFER: _("Offer"),
    Stage.HIRED: _("Hired"),
    Stage.DECLINED: _("Declined"),
}

SHARING: dict[str, str] = {  # with one role
    Access.PRIVATE: _("do not see it"),
    Access.READ: _("may read it"),
    Access.EDIT: _("may change it"),
}
ACCESS: dict[str, str] = {
    Access.PRIVATE: _("only me"),
    Access.READ: _("the team can read"),
    Access.EDIT: _("the team can edit"),
}

LINES: dict[str, str] = {  # of a comparison
    "title": _("Title"),
    "place": _("Place"),
    "years": _("Experience"),
    "cv_date": _("Date of the CV"),
    "languages": _("Languages"),
    "skills": _("Skills"),
    "jobs": _("Last jobs"),
    "education": _("Education"),
}

ROLES: dict[str, str] = {"recruiter": _("recruiter"), "admin": _("administrator")}

COMPARED: dict[str, str] = {
    "built_in": _("invented CVs, built in"),
    "likes": _("your team’s searches and likes"),
}

TABLES: dict[str, dict[str, str]] = {
    "compared": COMPARED,
    "quarantine": QUARANTINE,
    "unread": UNREAD,
    "file_state": FILE_STATES,
    "verdict": VERDICTS,
    "kind": KINDS,
    "need": NEEDS,
    "level": LEVELS,
    "end": ENDS,
    "error": ERRORS,
    "job": JOB_KINDS,
    "job_state": JOB_STATES,
    "role": ROLES,
    "act": ACTS,
    "place": PLACES,
    "chart": CHART,
    "stage": STAGES,
    "step": STEPS,
    "progress": PROGRESS,
    "line": LINES,
    "access": ACCESS,
    "sharing": SHARING,
}
