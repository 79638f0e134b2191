// In a narrow window one part of the page is shown: the chat, until a person wants another or clicks what opens one.
const show = name => {
  const columns = document.getElementById("wd-columns");
  if (columns) columns.dataset.part = name;
  for (const one of element.querySelectorAll("[data-part]")) one.setAttribute("aria-pressed", one.dataset.part === name);
};
element.addEventListener("click", event => {
  const button = event.target.closest("[data-part]");
  if (button) show(button.dataset.part);
});
document.addEventListener("click", event => {
  if (event.target.closest?.(".wd-open-conversation")) show("wd-middle");
  if (event.target.closest?.(".wd-source, .wd-open-item, .wd-open-section, .wd-open-introduced, .wd-open-document")) show("wd-right");
}, true);
show("wd-middle");
