// A number behind a sentence in the chat opens its citation. Gradio's chat would take the click for one on the message.
document.addEventListener("click", event => {
  const target = event.target.closest?.("#wd-chat .wd-source");
  if (!target) return;
  event.stopPropagation();
  const [exchange, citation] = target.value.split(":");
  trigger("open_source", { id: exchange, index: Number(citation), checked: false });
}, true);
