"""Durable work: a row in the transaction of what caused it, done by a worker process.

A job that was asked for in a committed transaction is begun at least once after that commit, whatever is killed
meanwhile; it is tried again when it fails, and one that is given up stays to be seen. Its handler must be safe to
run twice.
"""
