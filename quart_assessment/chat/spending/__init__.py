"""What models may be asked for: calls and tokens of a session, and of a study a day, counted in the database.

A call is counted before it is made, with the most it may cost; what it did cost takes the place of that afterwards.
"""
