"""What every part of the layer uses."""
