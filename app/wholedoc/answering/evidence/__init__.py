"""What is found for a question: chunks and passages that carry the answer, whether anything does, and citations.

`scanning` orders the chunks, `shared_words` says what the words of a question add, `passages` and `surroundings`
choose the text, `citations` quotes it, and `abstention` and `absent_names` tell when nothing answers.
"""
