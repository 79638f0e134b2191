"""The page itself: Gradio components, what happens when they are used, and how the page looks.

The only folder with Gradio components; may import the rest of wholedoc_ui but `serving`.
"""
