"""The web application, its address and its defences, and the command `wholedoc ui`.

It may import all of wholedoc_ui, and serves with wholedoc.server.
"""
