"""One module for each kind of thing a recruiter names: each finds its items in a message and uses up their words."""
