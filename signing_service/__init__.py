"""Sign an alliance agreement with keys that the service never has, and verify it offline."""

__version__ = "0.1.0"
