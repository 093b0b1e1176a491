"""Invented CVs: PDFs of invented people with the truth of each, for trying CVmatcher and for measuring it.

`make_pool` writes a folder of them, `make_cv` gives one of a chosen kind. Nobody in them exists.
"""

from cvmatcher.demo.answers import meets
from cvmatcher.demo.asked import judged_set, written
from cvmatcher.demo.people import TODAY
from cvmatcher.demo.pool import LAYOUTS, DemoCV, make_cv, make_pool
from cvmatcher.demo.truth import CVTruth, JobTruth
from cvmatcher.demo.words import SENIORITIES, occupations

__all__ = [
    "LAYOUTS",
    "SENIORITIES",
    "TODAY",
    "CVTruth",
    "DemoCV",
    "JobTruth",
    "judged_set",
    "make_cv",
    "make_pool",
    "meets",
    "occupations",
    "written",
]
