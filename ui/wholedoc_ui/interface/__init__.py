"""The page itself: Gradio components, what happens when they are used, and how the page looks.

This is the only folder that imports Gradio's components. It may import all of wholedoc_ui except `serving`.
"""
