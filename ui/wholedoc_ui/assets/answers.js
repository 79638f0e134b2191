// What is clicked in the answers. Gradio's chat would take the click for one on the message, and its sanitiser lets
// neither scripts nor data attributes pass: a button's class says what it does, and its value what to.
const does = {
  "wd-source": "open_source",
  "wd-open-item": "open_item",
  "wd-open-section": "open_section",
  "wd-save": "save_items",
  "wd-other-way": "ask_other_way",
  "wd-retry": "ask_again",
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

// A citation's quote stands beside its number while a person points at it or has it in the keyboard's focus.
const quote = Object.assign(document.createElement("div"), { id: "wd-quote", role: "tooltip", hidden: true });
document.querySelector(".gradio-container").append(quote);
const hideQuote = () => { quote.hidden = true; };
const showQuote = button => {
  if (button.title) {
    button.setAttribute("aria-label", `Citation ${button.textContent.replace(/\D/g, "")}, ${button.name}`);
    button.setAttribute("aria-description", button.title);
    button.removeAttribute("title"); // or the browser would show it, too
  }
  const strong = document.createElement("strong");
  strong.textContent = button.name;
  quote.replaceChildren(strong, ` ${button.getAttribute("aria-description") ?? ""}`);
  quote.hidden = false;
  const around = button.getBoundingClientRect(), { width, height } = quote.getBoundingClientRect();
  const below = around.bottom + 6 + height < innerHeight;
  quote.style.top = `${below ? around.bottom + 6 : Math.max(around.top - height - 6, 4)}px`;
  quote.style.left = `${Math.max(Math.min(around.left, innerWidth - width - 8), 8)}px`;
};
for (const [comes, goes] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
  document.addEventListener(comes, event => {
    const button = event.target.closest?.("#wd-chat .wd-source");
    if (button) showQuote(button);
  });
  document.addEventListener(goes, event => { if (event.target.closest?.("#wd-chat .wd-source")) hideQuote(); });
}
document.addEventListener("scroll", hideQuote, { capture: true, passive: true });
document.addEventListener("keydown", event => {
  if (event.key !== "Escape" || quote.hidden) return;
  hideQuote();
  event.stopPropagation();
}, true);

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
  if (!name && !target.closest(".wd-items, .wd-sections, .wd-actions, .wd-more-sources")) return;
  event.stopPropagation();
  hideQuote();
  if (target.classList.contains("wd-more-sources")) {
    for (let one = target.previousElementSibling; one?.classList.contains("wd-source"); one = one.previousElementSibling) one.classList.remove("wd-further");
    target.previousElementSibling.focus();
    target.remove();
  }
  if (target.classList.contains("wd-sort")) sort(target.closest("th"));
  if (name) trigger(does[name], { id: target.value });
}, true);

document.addEventListener("input", event => {
  if (event.target.matches?.("#wd-chat .wd-filter")) filter(event.target);
}, true);
