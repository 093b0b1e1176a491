"""Every fault of the service and every bad file, with real servers: `python -m tests.faults` (the long form)."""
