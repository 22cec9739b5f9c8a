"""Publishing documents on a broker's channel."""
