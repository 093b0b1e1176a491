"""`python -m cvmatcher` is the command `cvmatcher`."""

from cvmatcher.cli import main

main()
