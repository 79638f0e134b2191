// `acts` names the events that elements with data-act may trigger. The listeners are on the component itself, because
// its content is replaced whenever it changes.
const find = event => {
  const target = event.target.closest("[data-act]");
  return target && element.contains(target) && acts.includes(target.dataset.act) ? target : null;
};

const send = (target, text = "") =>
  trigger(target.dataset.act, {
    id: target.dataset.id ?? "",
    index: Number(target.dataset.index ?? -1),
    checked: target.checked === true,
    text,
  });

// What asks to be sure, or for a name, stands hidden in its row, and takes the place of the row's other buttons.
const open = (row, name) => {
  for (const one of row.querySelectorAll(".wd-buttons:not(.wd-sure)")) one.hidden = name !== null;
  for (const one of row.querySelectorAll(".wd-sure, .wd-edit")) one.hidden = !one.classList.contains(name);
};
const close = row => {
  const opener = row.querySelector(row.querySelector(".wd-edit:not([hidden])") ? "[data-opens=wd-edit]" : "[data-opens=wd-sure]");
  open(row, null);
  opener?.focus();
};

element.addEventListener("click", event => {
  const button = event.target.closest("button");
  const row = button?.closest("li");
  if (row && "opens" in button.dataset) {
    open(row, button.dataset.opens);
    row.querySelector(".wd-edit:not([hidden]) input, .wd-sure:not([hidden]) [data-keep]")?.focus();
    row.querySelector(".wd-edit:not([hidden]) input")?.select();
  }
  if (row && "keep" in button.dataset) close(row);
  const target = find(event);
  if (target && target.tagName === "BUTTON") send(target);
});

element.addEventListener("submit", event => {
  event.preventDefault();
  const target = find(event);
  if (target) send(target, target.querySelector("input").value);
});

element.addEventListener("change", event => {
  const target = find(event);
  if (target && target.tagName === "INPUT") send(target);
});

element.addEventListener("keydown", event => {
  const row = event.target.closest("li:has(.wd-sure:not([hidden]), .wd-edit:not([hidden]))");
  if (event.key === "Escape" && row) {
    close(row);
    event.stopPropagation();
  }
});

// The tab key stops at one bar only; arrow keys move the focus along the bars.
element.addEventListener("keydown", event => {
  const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
  const target = find(event);
  if (!target?.classList.contains("wd-bar") || !(event.key in steps)) return;
  const bars = [...element.querySelectorAll(".wd-bar")];
  const next = Math.min(Math.max(bars.indexOf(target) + steps[event.key], 0), bars.length - 1);
  target.tabIndex = -1;
  bars[next].tabIndex = 0;
  bars[next].focus();
  event.preventDefault();
});
