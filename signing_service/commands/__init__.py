"""The service's commands, one module each with a ``main(arguments) -> exit code``; cli.py chooses among them.

Nothing is imported here, so that a command pays only for what it uses.
"""
