"""What a document or a model may say to do something in the page or in the saved conversation."""

from __future__ import annotations

# The elements of plain text with emphasis, lists, tables and code, which a conversation may have.
ALLOWED = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "em", "strong", "del", "s", "blockquote", "ul", "ol", "li"),
    *("code", "pre", "br", "hr", "table", "thead", "tbody", "tr", "th", "td"),
}
# Each makes HTML, an image, a link or a diagram where Markdown is shown and nothing is done about it.
PAYLOADS = [
    "<script>window.pwned = 1</script>",
    "<img src=http://127.0.0.1:9/a.png onerror=window.pwned=2>",
    "\\\\<img src=http://127.0.0.1:9/b.png onerror=window.pwned=3>",
    "<svg onload=alert(4)>",
    "<iframe src=javascript:alert(5)></iframe>",
    "<details open ontoggle=alert(6)>x</details>",
    "<a href=javascript:alert(7)>x</a>",
    "<b>bold</b>",
    "<x-y onclick=alert(8)>",
    "<style>@import 'http://127.0.0.1:9/c.css';</style>",
    "![image](http://127.0.0.1:9/d.png)",
    "\\\\![image](http://127.0.0.1:9/e.png)",
    "![image][1]\n\n[1]: http://127.0.0.1:9/f.png",
    "[link](http://127.0.0.1:9/g)",
    "[link](javascript:alert(9))",
    "[link](<http://127.0.0.1:9/h> 'title')",
    "[link][1]\n\n[1]: http://127.0.0.1:9/i",
    "[link]\n\n[link]: http://127.0.0.1:9/j",
    "<http://127.0.0.1:9/k>",
    "<anna@evil.example>",
    "http://evil.example",
    "https://evil.example/a?b=c#d",
    "HTTPS://EVIL.EXAMPLE",
    "(https://evil.example)",
    "http://127.0.0.1:9/l",
    "http://localhost:9/m",
    "ftp://evil.example",
    "www.evil.example",
    "www.1.evil.example/a",
    "*www.evil.example*",
    "anna@evil.example",
    "a.b-c_d+e@evil.example",
    "mailto:anna@evil.example",
    "xmpp:anna@evil.example/chat",
    "evil.com",
    "//evil.com/n",
    "```mermaid\ngraph TD; A-->B; click A 'http://evil.example'\n```",
    "~~~ Mermaid\ngraph TD; A-->B\n~~~",
]
