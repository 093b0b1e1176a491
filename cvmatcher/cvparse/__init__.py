"""A CV's visible text -> its parts, by rules, one module per noun.

Pure: text in, domain values out; no clock, no file, no model. What a rule cannot tell is empty, never guessed.
"""
