"""The browser app: drop a document, watch it being read, ask, see the pages."""
