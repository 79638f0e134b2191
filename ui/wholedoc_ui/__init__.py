"""The browser app: drop a document, watch it being read, ask, see the pages.

The files here are its logic, without Gradio: the state that all tabs share (`app_state`), one tab (`session`) with
its shelf, conversation, evidence and settings, and the HTML of all that (`views` fills `templates/`). They may
import wholedoc and parallelcomp, but neither `interface/`, the page itself, nor `serving/`, the web application.
"""
