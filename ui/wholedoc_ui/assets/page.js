() => {
  // Word joiners keep the model's Markdown from acting; they are taken out of what a person copies.
  const plain = text => text.replaceAll("\u2060", "");
  // A copied answer holds HTML of our own, which becomes text: a table's cells with tabs between them.
  const text = answer => {
    if (!answer.includes('class="wd-')) return answer;
    const { body } = new DOMParser().parseFromString(answer, "text/html");
    for (const one of body.querySelectorAll(".wd-way, .wd-items-tools, .wd-actions, .wd-more-sources")) one.remove();
    for (const cell of body.querySelectorAll(".wd-items :is(th, td)")) cell.textContent = cell.textContent.trim() + "\t";
    for (const line of body.querySelectorAll(".wd-items tr, .wd-sections :is(summary, p)")) {
      line.textContent = `${line.textContent.split(/[ \n]+/).join(" ").trim()}\n`;
    }
    return body.textContent.trim();
  };
  document.addEventListener("copy", event => {
    const selected = document.getSelection()?.toString() ?? "";
    if (!selected.includes("\u2060")) return;
    event.clipboardData.setData("text/plain", plain(selected));
    event.preventDefault();
  });
  if (navigator.clipboard) {
    const write = navigator.clipboard.writeText.bind(navigator.clipboard);
    navigator.clipboard.writeText = copied => write(plain(text(copied)));
  }
  // Escape closes the settings, or stops the answer.
  document.addEventListener("keydown", event => {
    if (event.key !== "Escape") return;
    const settings = document.querySelector("#wd-settings.open .toggle-button");
    (settings ?? document.querySelector("#wd-question .stop-button"))?.click();
  });
}
