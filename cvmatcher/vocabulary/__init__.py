"""Names and their other names, in French and English: skills, titles, languages, places, sectors.

Pure data and look-ups over it. Knows nothing of candidates, models or the store. Everything is loaded at first use.
"""
