"""The controller and the database interface."""
