// What is clicked in the answers. Gradio's chat would take the click for one on the message, and its sanitiser lets
// neither scripts nor data attributes pass: a button's class says what it does, and its value what to.
const does = {
  "wd-source": "open_source",
  "wd-open-item": "open_item",
  "wd-open-section": "open_section",
  "wd-save": "save_items",
  "wd-other-way": "ask_other_way",
};
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

// A page's button has the page's number as its name, which sorts "iv" before "1".
const key = (row, column) => row.cells[column].querySelector("button")?.name ?? row.cells[column].textContent.trim();

const sort = head => {
  const body = head.closest("table").tBodies[0];
  const falls = head.getAttribute("aria-sort") === "ascending";
  for (const one of head.parentNode.cells) one.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", falls ? "descending" : "ascending");
  const sign = falls ? -1 : 1;
  const rows = [...body.rows].sort((a, b) => sign * collator.compare(key(a, head.cellIndex), key(b, head.cellIndex)));
  body.append(...rows);
};

const filter = box => {
  const words = box.value.toLowerCase().split(/\s+/);
  for (const row of box.closest(".wd-items").querySelectorAll("tbody tr")) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every(word => text.includes(word));
  }
};

// A question that was rewritten is corrected where it stands.
const correct = button => {
  const line = button.closest(".wd-asked-as"), quote = line.querySelector("q");
  const box = Object.assign(document.createElement("input"), { type: "text", value: quote.textContent.replaceAll("\u2060", "") });
  box.setAttribute("aria-label", "The question as it is to be asked");
  const done = sent => {
    const text = box.value.trim();
    box.replaceWith(quote);
    button.textContent = "Correct";
    if (sent && text) trigger("ask_corrected", { id: button.value, text });
    else button.focus();
  };
  box.addEventListener("keydown", event => {
    if (event.key === "Escape") event.stopPropagation();
    if (event.key === "Enter" || event.key === "Escape") done(event.key === "Enter");
  });
  quote.replaceWith(box);
  button.textContent = "Ask";
  button.onclick = () => done(true);
  box.focus();
};

document.addEventListener("click", event => {
  const target = event.target.closest?.("#wd-chat :is(button, input, summary)");
  if (!target) return;
  if (target.closest(".wd-asked-as")) {
    event.stopPropagation();
    const box = target.closest(".wd-asked-as").querySelector("input");
    if (target.classList.contains("wd-correct") && !box) correct(target);
    else if (target.classList.contains("wd-correct")) target.onclick?.();
    return;
  }
  const name = Object.keys(does).find(one => target.classList.contains(one));
  if (!name && !target.closest(".wd-items, .wd-sections")) return;
  event.stopPropagation();
  if (target.classList.contains("wd-sort")) sort(target.closest("th"));
  if (name) trigger(does[name], { id: target.value });
}, true);

document.addEventListener("input", event => {
  if (event.target.matches?.("#wd-chat .wd-filter")) filter(event.target);
}, true);
