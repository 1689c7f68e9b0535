"""Clients and a model server, each a process of its own and cheap: they share the machine with what is measured."""
