"""Criteria: made of a recruiter's words, carried through a conversation, turned into a retrieval plan, judged by rules.

Knows neither the web nor the store nor a model.
"""
