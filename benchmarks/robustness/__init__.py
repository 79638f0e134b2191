"""How the server stands attacks and hours of load. May import all of the project."""
