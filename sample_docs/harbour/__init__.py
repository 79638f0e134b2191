"""The fictional harbour of Ostrevane: its words, its year, and the pages they are set on."""
