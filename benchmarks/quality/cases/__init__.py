"""Cases (a long text, a question, its accepted answers): made, or read from files; and how an answer is marked."""
