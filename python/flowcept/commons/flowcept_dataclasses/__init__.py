"""The documents: tasks, workflows, agents, objects, telemetry."""
