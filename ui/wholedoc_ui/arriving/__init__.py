"""How documents come into the browser app: uploads, samples and watched folders, and what is told of each then."""
