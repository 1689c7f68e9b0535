"""The page that participants and staff open: the files that frontend/ was built into, served from the API's own origin.

The package works without them, as an API alone.
"""
