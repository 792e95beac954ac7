"""Documents that more than one room reads. This room imports nothing of the library but its foundation."""
