"""Risk: the rules that see it, the help shown, the alerts. An alert is in the transaction of what caused it."""
