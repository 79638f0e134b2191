"""Ask a whole document on your own machine, with nothing retrieved."""
