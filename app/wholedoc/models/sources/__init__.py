"""Where the file of a catalogue's model can be had. Each module appends to a file what it lacks of the model's."""
