"""Risk: the rules that see it, the help shown, the alerts, who is told.

An alert, and the jobs that tell staff of it, are in the transaction of what caused it.
"""
