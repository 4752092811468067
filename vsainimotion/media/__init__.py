"""Films in and out: open a source, probe it, encode, mux the other streams back and verify the result."""
