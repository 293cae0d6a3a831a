"""The fault harness: real servers killed and starved while clients sign, then every receipt against the record.

``make torture`` runs it for some minutes; ``tests/torture`` holds a fixed-seed sample of each part.
"""
