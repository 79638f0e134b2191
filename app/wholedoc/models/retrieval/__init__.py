"""The retrieval heads of models: those that are known already, and the text on which those of another are found."""
