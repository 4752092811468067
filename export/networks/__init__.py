"""The networks that the workshop trains, by the name that a run's configuration gives."""
