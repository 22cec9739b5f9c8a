"""MLflow's runs, read from its database."""
