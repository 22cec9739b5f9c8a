"""Ways to brokers and stores."""
