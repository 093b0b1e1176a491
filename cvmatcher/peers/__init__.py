"""Other search software, measured beside this one on the same passages and vectors. Nothing of it serves anybody.

Each peer runs in a virtual environment of its own (`venvs`), by a script that reads and writes a folder (`exchange`).
"""
