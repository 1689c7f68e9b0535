"""Limits: what no service of this kind can be faster than, and the service with a part taken out."""
