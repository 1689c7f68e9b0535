"""Small programs that keep the same promise as the service, each built as its framework's documentation would.

They share the service's tables and cookie, so that one load and one check of the rows serve all of them. They do
less than the service: no safety rule, no count of answers, no metrics, no request id.
"""
