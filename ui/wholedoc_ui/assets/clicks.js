// `acts` names the events that elements with data-act may trigger. The listeners are on the component itself, because
// its content is replaced whenever it changes.
const find = event => {
  const target = event.target.closest("[data-act]");
  return target && element.contains(target) && acts.includes(target.dataset.act) ? target : null;
};

const send = target =>
  trigger(target.dataset.act, {
    id: target.dataset.id ?? "",
    index: Number(target.dataset.index ?? -1),
    checked: target.checked === true,
  });

element.addEventListener("click", event => {
  const target = find(event);
  if (target && target.tagName === "BUTTON") send(target);
});

element.addEventListener("change", event => {
  const target = find(event);
  if (target && target.tagName === "INPUT") send(target);
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
