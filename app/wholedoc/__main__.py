"""`python -m wholedoc` is the command line."""

from wholedoc.cli import main

if __name__ == "__main__":
    main()
