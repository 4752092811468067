"""What was decided for each frame of a film, as lines for programs and a page for people."""
