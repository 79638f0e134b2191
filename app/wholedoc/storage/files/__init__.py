"""Files of documents: on their way in, as they were uploaded, and how any file is written whole or not at all."""
