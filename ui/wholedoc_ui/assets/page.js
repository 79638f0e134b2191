() => {
  // Word joiners keep the model's Markdown from acting; they are taken out of what a person copies.
  const plain = text => text.replaceAll("\u2060", "");
  document.addEventListener("copy", event => {
    const selected = document.getSelection()?.toString() ?? "";
    if (!selected.includes("\u2060")) return;
    event.clipboardData.setData("text/plain", plain(selected));
    event.preventDefault();
  });
  if (navigator.clipboard) {
    const write = navigator.clipboard.writeText.bind(navigator.clipboard);
    navigator.clipboard.writeText = text => write(plain(text));
  }
}
