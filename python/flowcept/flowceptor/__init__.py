"""What observes: telemetry and adapters."""
